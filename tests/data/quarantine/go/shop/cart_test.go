package shop

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCart_Total(t *testing.T) {
	assert := assert.New(t)

	assert.Equal(3, 1+2)
}

func TestCart(t *testing.T) {

	t.Run("adds", func(t *testing.T) {
		require.True(t, true)
	})

	t.Run("removes", func(t *testing.T) {
		require.False(t, false)
	})
}
