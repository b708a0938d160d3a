import pytest


@pytest.fixture
def test_user():
    return {"name": "ada"}


class TestLogin:
    def test_accepts(self, test_user):
        assert test_user["name"] == "ada"

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.usefixtures("test_user")
    def test_rejects(self):
        assert "bob" != "ada"

    class TestTokens:
        def test_expires(self):
            assert 1 < 2

        @staticmethod
        def test_is_long():
            assert len("x" * 32) == 32


class TestLogout:
    def test_accepts(self):
        assert True


class Helper:
    def test_not_collected(self):
        raise AssertionError


class TestWithInit:
    def __init__(self):
        self.x = 1

    def test_never(self):
        raise AssertionError
