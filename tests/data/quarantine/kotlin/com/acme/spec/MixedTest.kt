package com.acme.spec

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class MixedTest {
    @Test
    fun adds() {
        (1 + 1) shouldBe 2
    }
}
