package com.acme.legacy;

import org.junit.Ignore;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

@RunWith(Parameterized.class)
public class IgnoredTest
{
    @Parameterized.Parameters
    public static Object[] data() { return new Object[] {1, 2}; }

    @Ignore
    @Test
    public void off()
    {
    }

    @Test
    public void on()
    {
    }
}
