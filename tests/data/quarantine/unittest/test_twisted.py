from helpers_trial import unittest


class TrialTest(unittest.TestCase):
    def test_deferred(self):
        self.assertTrue(True)
