package com.acme.cart;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisplayName("A cart")
class CartTest {

    private Cart cart;

    @BeforeEach
    void setUp() {
        cart = new Cart();
    }

    /** What @Test void commented() would do. */
    @Test
    void isEmpty() {
        assertEquals(0, cart.size(), "@Test void inText() {}");
    }

    @DisplayName("adds one \"item\" (v1.2)")
    @Test
    public void adds() {
        cart.add("a");
    }

    @Test @DisabledOnOs(OS.WINDOWS) void notOnWindows() {}

    @Disabled
    @Test
    void off() {}

    @Disabled("see #4")
    @Test
    void offForAReason() {}

    @Nested
    @DisplayName("when full")
    class WhenFull {
        @Test
        void isEmpty() {
            assertEquals(9, cart.size());
        }

        @Test
        void refuses() {}
    }

    @Nested
    @Disabled("whole class")
    class Later {
        @Test
        void waits() {}
    }

    void helper() {}
}
