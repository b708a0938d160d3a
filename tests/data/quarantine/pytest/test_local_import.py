from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def test_raises():
    import pytest

    with pytest.raises(ZeroDivisionError):
        1 / 0


def test_plain(capsys: "pytest.CaptureFixture"):
    print("x")
    assert capsys.readouterr().out == "x\n"
