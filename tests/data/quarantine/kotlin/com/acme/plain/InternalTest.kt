package com.acme.plain

import org.junit.jupiter.api.*

class InternalTest {
    @Test
    internal fun adds() {
        Assertions.assertEquals(2, 1 + 1)
    }

    @Test
    internal fun `adds three`() {
        Assertions.assertEquals(3, 1 + 2)
    }

    @Test
    fun opens() {}
}
