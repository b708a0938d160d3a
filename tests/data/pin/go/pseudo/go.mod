module example.com/pseudo

go 1.18

require (
	github.com/docker/docker v20.10.7+incompatible
	golang.org/x/crypto v0.0.0-20220411220226-7b82a4e95df4
)
