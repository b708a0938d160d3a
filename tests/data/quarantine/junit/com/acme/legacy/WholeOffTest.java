package com.acme.legacy;

import org.junit.*;

@Ignore("moved")
public class WholeOffTest {
    @Test public void one() {}
}
