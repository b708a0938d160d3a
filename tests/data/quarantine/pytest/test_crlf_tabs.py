"""Windows."""
import os


class TestWindows:
	def test_sep(self):
		assert os.sep

	def test_second(self):
		assert os.linesep
