package odd

import junit.framework.TestCase

class ThreeTest : TestCase() {
    fun testThree() {
        assertEquals(3, 1 + 2)
    }
}
