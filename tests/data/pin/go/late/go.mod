module example.com/late

require github.com/x/y v1.5.0