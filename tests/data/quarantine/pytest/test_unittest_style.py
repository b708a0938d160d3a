import unittest
from unittest import mock


class InvoiceTest(unittest.TestCase):
    def setUp(self):
        self.send = mock.Mock()

    def test_sends(self):
        self.send("x")
        self.send.assert_called_once_with("x")

    @mock.patch("os.getcwd", return_value="/tmp")
    def test_patched(self, getcwd):
        self.assertEqual(getcwd(), "/tmp")


class TestÜbersicht:
    def test_größe(self):
        assert len("größe") == 5
