package com.acme.plain

import kotlin.test.*

class PlainTest {
    @BeforeTest
    fun opens() {}

    @Test
    fun adds() {
        assertEquals(2, 1 + 1)
    }

    @Test fun `says "hello"`() = assertTrue(true)

    @Ignore
    @Test
    fun off() {}
}
