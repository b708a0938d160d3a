package com.acme.legacy;

import junit.framework.TestCase;

public class ThreeTest extends TestCase {
    public void testThree() {
        assertEquals(3, 1 + 2);
    }
}
