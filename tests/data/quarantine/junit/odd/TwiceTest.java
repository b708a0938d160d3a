import org.junit.Test;

class TwiceTest {
    static class A {
        @Test public void same() {}
    }

    static class B {
        @Test public void same() {}
    }
}

interface Contract {
    @org.junit.jupiter.api.Test
    default void holds() {}
}
