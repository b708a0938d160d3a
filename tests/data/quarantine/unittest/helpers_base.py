import unittest


class DatabaseTestCase(unittest.TestCase):
    saved = True


class Unrelated:
    pass
