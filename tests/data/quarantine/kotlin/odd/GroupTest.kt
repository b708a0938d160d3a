package odd

import org.testng.annotations.Test

class GroupTest {
    @Test(groups = ["slow"])
    fun runs() {}
}
