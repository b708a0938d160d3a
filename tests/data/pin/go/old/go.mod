module example.com/old

go 1.13

require github.com/stretchr/testify v1.8.0
