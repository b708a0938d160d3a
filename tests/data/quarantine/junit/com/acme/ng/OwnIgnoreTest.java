package com.acme.ng;

import com.acme.support.Disabled;
import org.junit.jupiter.api.Test;

class OwnIgnoreTest {
    @Disabled
    @Test
    void own() {}

    @org.junit.jupiter.api.Disabled("spelled out")
    @Test
    void spelledOut() {}

    @org.junit.Ignore
    @Test
    void notOfThisVersion() {}
}
