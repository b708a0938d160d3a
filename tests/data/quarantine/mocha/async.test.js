(async function () {
  await new Promise((resolve) => setTimeout(resolve, 1));

  describe('made later', function () {
    it('stands in a function', function () {});
  });

  void it('stands alone', function () {});

  if (typeof run === 'function') run();
})();

describe('made now', function () {
  it('stands in a group', function () {});
});
