package odd

import org.junit.jupiter.api.*

annotation class Disabled

class OwnTypeTest {
    @Disabled
    @Test
    fun runsAnyway() {}

    @org.junit.jupiter.api.Disabled("spelled out")
    @Test
    fun spelledOut() {}
}
