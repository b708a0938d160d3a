module "example.com/odd"
require (
  "github.com/a/b"   v1.2.3   // why
)
