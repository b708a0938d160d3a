import pytest as pt, os


async def helper():
    return os.sep


@pt.mark.parametrize(argvalues=["a", "b"], argnames="letter")
def test_letter(letter):
    assert letter
