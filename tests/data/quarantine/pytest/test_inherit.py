import abc


class BaseStack(abc.ABC):
    factory = None

    def test_empty(self):
        assert not self.factory()

    def test_push(self):
        assert [*self.factory(), 1]


class TestList(BaseStack):
    factory = list


class TestTuple(BaseStack):
    factory = tuple

    def test_push(self):
        assert (*self.factory(), 1) == (1,)


class TestLonely(BaseStack):
    factory = frozenset

    def test_empty(self):
        assert self.factory() == frozenset()

    def test_push(self):
        assert {*self.factory(), 1}


class BaseQueue:
    def test_pop(self):
        assert [1].pop() == 1


class TestQueue(BaseQueue):
    pass
