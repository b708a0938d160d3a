package com.acme.ng;

import org.testng.annotations.Test;

public class GroupTest {
    @Test(groups = "slow")
    public void runs() {}
}
