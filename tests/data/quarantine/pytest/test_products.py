from itertools import count
import pytest

ROWS = [(1, 2), (3, 4)]


@pytest.mark.parametrize("x", [1, 2])
@pytest.mark.parametrize("y", ["a", "b", "c"])
def test_product(x, y):
    assert x and y


@pytest.mark.parametrize("x", [7, 8])
@pytest.mark.parametrize("y", ["only"])
def test_one_by_two(x, y):
    assert x and y


@pytest.mark.parametrize("a,b", ROWS)
def test_elsewhere(a, b):
    assert a < b


@pytest.mark.parametrize("n", [0, *range(1, 3)])
def test_spread(n):
    assert n >= 0


@pytest.mark.parametrize("n", [n * n for n in range(4)])
def test_computed(n):
    assert n >= 0


@pytest.mark.parametrize("n", [1, 2], ids=lambda n: f"n={n}")
def test_by_function(n):
    assert n


@pytest.mark.parametrize("mode", ["fast", "slow"])
class TestShared:
    def test_mode(self, mode):
        assert mode

    def test_other(self, mode):
        assert mode in ("fast", "slow")


@pytest.fixture(params=["sqlite", "memory"])
def database(request):
    return request.param


def test_database(database):
    assert database
