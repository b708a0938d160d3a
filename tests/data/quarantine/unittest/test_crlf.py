import unittest

class CrlfTest(unittest.TestCase):
	def test_tab(self):
		self.assertTrue(True)
	def test_last(self): self.assertTrue(True)