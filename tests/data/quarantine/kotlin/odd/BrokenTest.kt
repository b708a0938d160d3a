import org.junit.Test

class BrokenTest {
    @Test
    fun whole() {}

    @Test
    fun broken() { val x = ( }
}
