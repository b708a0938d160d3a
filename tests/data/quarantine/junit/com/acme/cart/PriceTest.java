package com.acme.cart;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.*;

class PriceTest {
	@ParameterizedTest(name = "[{index}] {0}")
	@ValueSource(ints = {1, 2, 3})
	void isPositive(int price) {
	}

	@ParameterizedTest
	@CsvSource({"1, 2", "2, 4"})
	@NullSource
	void doubles(Integer input, Integer wanted) {}

	@ParameterizedTest
	@MethodSource("rows")
	void fromMethod(String... row) {}

	@RepeatedTest(5)
	void again() {}

	@TestFactory
	Stream<DynamicTest> made() {
		return Stream.empty();
	}

	@Test
	void told(TestInfo info) {}

	@Test
	void overloaded() {}

	@ParameterizedTest
	@ValueSource(strings = "a")
	void overloaded(final String text) {}

	@ParameterizedTest
	@EnumSource
	void overloaded(java.util.concurrent.TimeUnit unit, List<int[]> numbers) {}

	static Stream<String> rows() {
		return Stream.of("a");
	}
}
