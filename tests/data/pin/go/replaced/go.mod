module example.com/replaced

go 1.21

require github.com/acme/lib v1.4.0

replace github.com/acme/lib => ../lib

exclude github.com/acme/other v1.2.3

require github.com/acme/other v1.2.2
