package suite

import (
	"testing"

	"github.com/stretchr/testify/suite"
)

type OrderSuite struct {
	suite.Suite
	open int
}

func (s *OrderSuite) SetupTest() {
	s.open = 1
}

func (s *OrderSuite) TestOpen() {
	s.Equal(1, s.open)
}

func (s *OrderSuite) TestClose() {
	s.Run("twice fails", func() {
		s.Equal(1, s.open)
	})
	s.T().Run("once", func(t *testing.T) {
		t.Log(s.open)
	})
}

func (*OrderSuite) TestAnonymous() {}

func TestOrderSuite(t *testing.T) {
	suite.Run(t, new(OrderSuite))
}

func TestPlain(t *testing.T) {
	t.Log("plain")
}
