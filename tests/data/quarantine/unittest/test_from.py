"""Names are imported one by one."""
from unittest import TestCase, skip as skip_test
from unittest.mock import patch


class FromTest(TestCase):
    @patch("os.sep", "/")
    def test_patched(self):
        self.assertTrue(True)

    @skip_test("already")
    def test_off(self):
        self.fail()


def test_function():
    assert True
