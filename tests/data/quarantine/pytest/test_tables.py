# -*- coding: utf-8 -*-
import pytest
import math


@pytest.mark.parametrize("number", [1, -2, 3.5, 1e16, 0x10, True, None, "word", "a-b", "é", "tab\t", b"\xff!", ""])
def test_single(number):
    assert number != 99


@pytest.mark.parametrize("a, b", [(1, 2), (3, 4,), [5, 6], pytest.param(7, 8), ("x", 9)])
def test_pairs(a, b):
    assert a != b


@pytest.mark.parametrize(
    ("left", "right"),
    [
        # a comment
        (1, [1]),  # behind
        pytest.param(2, {}, id="two"),
        pytest.param(3, (), marks=pytest.mark.filterwarnings("ignore")),
        pytest.param(
            4,
            None,
            marks=[pytest.mark.filterwarnings("ignore"), pytest.mark.filterwarnings("default")],
            id="four",
        ),
        pytest.param(5, 5.0, marks=(pytest.mark.filterwarnings("ignore"),)),
    ],
)
def test_objects(left, right):
    assert left is not right


@pytest.mark.parametrize("name", ["one", "two", "three"], ids=["eins", None, "drei [3]"])
def test_named(name):
    assert name


@pytest.mark.parametrize("twice", [1, 1, "x", "x", (1, 2)])
def test_doubled(twice):
    assert twice


@pytest.mark.parametrize("kind", [int, math.sqrt, ValueError, lambda: 3])
def test_kinds(kind):
    assert callable(kind)


@pytest.mark.parametrize(["only"], [(1,), (2,)])
def test_listed(only):
    assert only


@pytest.mark.parametrize("close", [1, 1, "1_0"])
def test_collision(close):
    assert close
