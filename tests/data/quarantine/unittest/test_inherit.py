import unittest as ut


class StackMixin:
    def test_empty(self):
        self.assertEqual(len(self.make()), 0)

    def test_full(self):
        self.assertTrue(True)


class ListTests(StackMixin, ut.TestCase):
    make = list


class TupleTests(StackMixin, ut.TestCase):
    make = tuple

    def test_full(self):
        self.assertEqual(self.make(), ())


class Local(ListTests):
    def test_local(self):
        self.assertEqual(self.make(), [])


class Plain(object):
    def test_nothing(self):
        raise AssertionError
