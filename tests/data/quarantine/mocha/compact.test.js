(function () {
  describe('compact', function () { it('a', function () {}); it('b', function () {}); });
  describe('other', function () { it('c', function () {}) })
})();
