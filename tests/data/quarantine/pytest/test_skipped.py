import sys
import unittest

import pytest

broken = pytest.mark.skip(reason="by name")


@pytest.mark.skip
def test_plain():
    raise AssertionError


@pytest.mark.skip(reason="later")
def test_reason():
    raise AssertionError


@broken
def test_by_name():
    raise AssertionError


@pytest.mark.skipif(True, reason="always")
def test_always():
    raise AssertionError


@pytest.mark.skipif(False, reason="never")
def test_never_skipped():
    assert True


@pytest.mark.skipif(sys.platform == "win32", reason="posix")
def test_posix():
    assert True


@pytest.mark.xfail
def test_expected():
    raise AssertionError


def test_in_body():
    """Skips itself."""
    pytest.skip("not now")


class TestOff:
    pytestmark = [pytest.mark.skip(reason="class")]

    def test_in_class(self):
        raise AssertionError


class TestCaseOff(unittest.TestCase):
    def setUp(self):
        self.skipTest("no server")

    def test_with_server(self):
        raise AssertionError


class TestCaseMixed(unittest.TestCase):
    def test_skips(self):
        self.skipTest("no server")

    def test_raises(self):
        raise unittest.SkipTest("no server")

    @unittest.skip("later")
    def test_decorated(self):
        raise AssertionError

    @unittest.skipUnless(sys.maxsize > 2**32, "64 bit")
    def test_wide(self):
        assert True


@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.skip(reason="two"))])
def test_row(n):
    assert n == 1
