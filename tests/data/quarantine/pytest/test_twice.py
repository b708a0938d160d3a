import sys


def test_again():
    assert False


def test_again():
    assert True


if sys.version_info >= (3,):

    def test_conditional():
        assert True

    class TestConditional:
        def test_inner(self):
            assert True

else:

    def test_old():
        assert True


try:
    import tomllib
except ImportError:
    tomllib = None
else:

    def test_toml():
        assert tomllib.loads("a = 1") == {"a": 1}
