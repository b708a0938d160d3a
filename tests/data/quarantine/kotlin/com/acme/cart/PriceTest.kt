package com.acme.cart

import java.util.concurrent.TimeUnit
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.RepeatedTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.TestInfo
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.CsvSource
import org.junit.jupiter.params.provider.MethodSource
import org.junit.jupiter.params.provider.ValueSource

class PriceTest {
    @ParameterizedTest
    @ValueSource(ints = [1, 2, 3])
    fun isPositive(price: Int) {
        check(price > 0)
    }

    @ParameterizedTest(name = "{0} doubled is {1}")
    @CsvSource("1, 2", "2, 4")
    fun doubles(one: Int?, two: Int) = check(one!! * 2 == two)

    @ParameterizedTest
    @MethodSource("names")
    fun `from a method`(name: String) {
        check(name.isNotEmpty())
    }

    @RepeatedTest(5)
    fun again() {}

    @TestFactory
    fun made() = listOf(DynamicTest.dynamicTest("a") {}, DynamicTest.dynamicTest("b") {})

    @Test
    fun told(info: TestInfo) {
        check(info.displayName.isNotEmpty())
    }

    @Test
    fun overloaded() {}

    @ParameterizedTest
    @ValueSource(strings = ["a"])
    fun overloaded(text: String) {
        check(text == "a")
    }

    @ParameterizedTest
    @CsvSource("SECONDS")
    fun overloaded(unit: TimeUnit) {
        check(unit == TimeUnit.SECONDS)
    }

    companion object {
        @JvmStatic
        fun names() = listOf("a", "b")
    }
}
