import org.junit.Test;

public class BrokenTest {
    @Test
    public void whole() {}

    @Test
    public void broken() {
        int = ;
        foo(;
    }
}
