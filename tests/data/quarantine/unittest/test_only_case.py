from __future__ import print_function
from unittest import TestCase
import os
import sys

from decimal import Decimal


class OnlyCase(TestCase):

    def test_one(self):
        self.assertEqual(Decimal(1), 1)

    def test_two(self):
        self.assertTrue(os.sep and sys.path)
