package com.acme.legacy

import org.junit.Assert.assertEquals
import org.junit.Ignore as Off
import org.junit.Test as Check

class OldTest {
    @Check
    fun `counts to two`() {
        assertEquals(2, 1 + 1)
    }

    @Check(timeout = 1000)
    fun inTime() {}

    @Off("see #5")
    @Check
    fun off() {}

    class InnerTest {
        @Check
        fun inner() {}
    }
}

@Off
class WholeOffTest {
    @Check
    fun one() {}
}
