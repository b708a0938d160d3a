suite('Array', function () {
  setup(function () {});

  suite('#indexOf()', function () {
    test('should return -1 when not present', function () {
      if ([1, 2, 3].indexOf(4) !== -1) throw new Error('wrong');
    });

    test.skip('should be fast', function () {});
  });

  suite.skip('#later()', function () {
    test('comes later', function () {});
  });
});
