// A receiver that checks the signature and keeps each delivery in memory, once: `go run receiver.go` prints its address.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

func main() {
	secret := []byte(os.Getenv("WEBHOOK_SECRET"))
	var lock sync.Mutex
	kept := map[string]map[string]any{}
	http.HandleFunc("/webhooks/github", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 25<<20))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		want := "sha256=" + hex.EncodeToString(mac.Sum(nil))
		if !hmac.Equal([]byte(want), []byte(r.Header.Get("x-hub-signature-256"))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		event := map[string]any{}
		if json.Unmarshal(body, &event) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		lock.Lock()
		kept[r.Header.Get("x-github-delivery")] = event
		lock.Unlock()
		w.WriteHeader(http.StatusAccepted)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, nil))
}
