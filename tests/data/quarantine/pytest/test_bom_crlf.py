def test_bom():
    assert True


def test_other():
    assert True