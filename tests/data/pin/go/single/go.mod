module example.com/single

go 1.21

require github.com/pkg/errors v0.8.1
