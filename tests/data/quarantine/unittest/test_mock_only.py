import os
import unittest.mock


class MockTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.value = os.sep

    def test_mock(self):
        self.assertTrue(unittest.mock.Mock())

    # Checks the separator.
    def test_sep(self):
        self.assertEqual(self.value, os.sep)
