package com.acme.legacy;

import org.junit.Ignore;
import org.junit.Test;

@Ignore("moved to the cart")
public class OffOutsideTest {
  @Test
  public void outer() {}

  public static class Inner {
    @Test
    public void inner() {}
  }
}
