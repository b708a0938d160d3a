import unittest


class RedefinedTest(unittest.TestCase):
    def test_same(self):
        self.fail()

    def test_same(self):
        self.assertTrue(True)

    def test_other(self):
        self.assertTrue(True)


class GroßTest(unittest.TestCase):
    def test_ä(self):
        self.assertTrue(True)
