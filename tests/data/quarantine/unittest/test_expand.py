import sys
from unittest import TestCase


def expand(rows):
    """Stands for parameterized.expand."""

    def decorate(function):
        names = sys._getframe(1).f_locals
        for number, row in enumerate(rows):

            def one(self, row=row):
                return function(self, row)

            one.__dict__.update(function.__dict__)
            names[f"{function.__name__}_{number}"] = one

    return decorate


class ExpandTest(TestCase):
    @expand([1, 2, 3])
    def test_rows(self, row):
        self.assertTrue(row)

    def test_alone(self):
        self.assertTrue(True)
