import unittest


class MathTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(1 + 1, 2)

    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertEqual(i - i, 0)

    def helper(self):
        return 3


class OtherTest(unittest.TestCase):
    def test_add(self):
        self.assertTrue(True)


if __name__ == "__main__":
    unittest.main()
