from helpers_base import DatabaseTestCase, Unrelated


class UserModel(DatabaseTestCase):
    def test_save(self):
        self.assertTrue(self.saved)

    def test_load(self):
        self.assertTrue(self.saved)


class Thing(Unrelated):
    def test_thing(self):
        raise AssertionError
