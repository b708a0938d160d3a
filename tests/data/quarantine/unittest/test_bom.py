# A comment.
from unittest import TestCase

class BomTest(TestCase):
    def test_bom(self):
        pass
