import org.junit.jupiter.api.*;

class OwnTypeTest {
    @interface Disabled {}

    @Disabled
    @Test
    void runsAnyway() {}
}
