package com.acme.plain

import kotlin.test.Test
import kotlin.test.assertTrue

class NamedTest {
    @Test
    fun named() = assertTrue(true)

    @Test
    fun other() = assertTrue(true)
}
