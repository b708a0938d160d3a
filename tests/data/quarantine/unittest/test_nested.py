try:
    import unittest2 as unittest
except ImportError:
    import unittest

if True:

    class IfTest(unittest.TestCase):
        """A docstring with def test_ghost(self) in it."""

        def test_real(self):
            def test_inner():
                return 1

            self.assertEqual(test_inner(), 1)

        class Nested(unittest.TestCase):
            def test_hidden(self):
                self.fail()
