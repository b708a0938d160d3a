package suite

import (
	"testing"

	testify "github.com/stretchr/testify/suite"
)

type BillingTestSuite struct{ testify.Suite }

func TestBillingTestSuite(t *testing.T) {
	testify.Run(t, &BillingTestSuite{})
}
