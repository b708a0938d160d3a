module example.com/block

go 1.20

require (
	github.com/gin-gonic/gin v1.9.1 // web
	golang.org/x/net v0.17.0 // indirect
	gopkg.in/yaml.v3 v3.0.1
)

require github.com/go-redis/redis/v8 v8.11.5 // indirect; keep
