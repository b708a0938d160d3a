package com.acme.legacy;

import static org.junit.Assert.assertTrue;

import org.junit.Before;
import org.junit.Test;

public class OldTest extends BaseTest {
  @Before
  public void before() {}

  @Test(expected = IllegalStateException.class)
  public void throwsIt() {
    throw new IllegalStateException();
  }

  @SuppressWarnings("unused")
  @Test
  public void second() {
    assertTrue(true);
  }

  public static class InnerTest {
    @Test(timeout = 100) public void inner() {}
  }
}
