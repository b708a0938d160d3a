import sys
import unittest


@unittest.skip("class")
class OffTest(unittest.TestCase):
    def test_a(self):
        self.fail()


class HeirTest(OffTest):
    def test_b(self):
        self.fail()


class MixedTest(unittest.TestCase):
    @unittest.skipIf(True, "always")
    def test_always(self):
        self.fail()

    @unittest.skipIf(sys.platform == "win32", "posix")
    def test_sometimes(self):
        self.assertTrue(True)

    @unittest.expectedFailure
    def test_expected(self):
        self.fail()

    def test_body(self):
        "Docstring."
        self.skipTest("no")

    def test_raise(self):
        raise unittest.SkipTest("no")
