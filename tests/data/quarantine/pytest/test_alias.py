#!/usr/bin/env python3
# Tests of the alias.
from pytest import mark, param as case


@mark.parametrize("n", [1, 2, case(3)])
def test_marked(n):
    assert n


class TestAlias:
	def test_tabs(self):
		assert True

	async def helper(self):
		return 1
