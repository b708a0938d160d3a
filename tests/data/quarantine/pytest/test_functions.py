"""Prices and discounts."""

from __future__ import annotations

import math
import os

from decimal import Decimal


def price(amount: int, discount: float = 0.0) -> Decimal:
    return Decimal(amount) * Decimal(1 - discount)


def test_price_without_discount():
    assert price(10) == Decimal(10)


def test_price_with_discount():
    assert math.isclose(float(price(10, 0.5)), 5.0)


def helper_total():
    return sum(price(n) for n in range(3))


def test_total():
    # A test in a string is none: def test_in_string(): pass
    text = """
def test_in_string():
    pass
"""
    assert helper_total() == Decimal(3) and text and os.sep
