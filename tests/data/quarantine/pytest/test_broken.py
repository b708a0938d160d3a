def test_before():
    assert True


def test_unclosed():
    assert "open

def test_after():
    assert True
