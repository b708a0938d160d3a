package com.acme.cart

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Disabled
import org.junit.jupiter.api.DisplayName
import org.junit.jupiter.api.Nested
import org.junit.jupiter.api.Test

/** Not a test: `fun adds()`. */
@DisplayName("A cart")
internal class CartTest {
    private val cart = mutableListOf<String>()

    @Test
    fun isEmpty() = assertEquals(0, cart.size)

    @Test
    fun `adds two`() {
        cart += "a"
        cart += "b"
        assertEquals(2, cart.size)
    }

    @Test
    fun `adds two (at once), 100%`() {
        cart.addAll(listOf("a", "b"))
    }

    @Test fun `costs 5$ more`() {}

    /** Told in words. */
    @Test
    @DisplayName("adds one \"item\" (v1.2)")
    fun adds(): Unit {
        val text = """@Test fun inText() { "$cart" }"""
        assertEquals(true, "inText" in text)
    }

    @Disabled
    @Test
    fun off() {}

    @Test
    @Disabled("see #4")
    fun offForAReason() {}

    // @Test fun commented() {}

    fun helper() = 1

    @Nested
    @DisplayName("when full")
    inner class WhenFull {
        @Test
        fun isEmpty() {
            listOf(1).forEach { assertEquals(1, it) }
        }

        @[Test DisplayName("in brackets")]
        fun bracketed() {
        }
    }

    @Nested
    @Disabled("whole class")
    inner class Later {
        @Test
        fun waits() {}
    }

    class Static {
        @Test
        fun alone() {}
    }

    companion object {
        const val SIZE = 2

        class Deep {
            @Test
            fun far() {}
        }
    }
}
