package com.acme.spec

import io.kotest.core.spec.style.FunSpec
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe

class CartSpec : FunSpec({
    test("adds two") {
        (1 + 1) shouldBe 2
    }

    context("a full cart") {
        test("costs \"more\"") {
            3 shouldBe 3
        }
    }
})

class TitleSpec : StringSpec() {
    init {
        "holds one" {
            1 shouldBe 1
        }
    }
}
