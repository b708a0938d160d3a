package com.acme.cart;

import org.junit.jupiter.api.*;

class WildcardTest {

    @Test
    void short_name() {}

    @Nested
    class Inner {
        @Nested
        class Deep {
            @Test
            void far() {}
        }
    }
}
