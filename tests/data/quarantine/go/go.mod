module example.com/acme/app

go 1.19
