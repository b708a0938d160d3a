const assert = require('assert');

function add(args) {
  return args.reduce((sum, n) => sum + n, 0);
}

describe('add()', function () {
  const tests = [
    { args: [1, 2], expected: 3 },
    { args: [1, 2, 3], expected: 6 },
  ];

  tests.forEach(({ args, expected }) => {
    it(`correctly adds ${args.length} args`, function () {
      assert.strictEqual(add(args), expected);
    });
  });

  for (const { args } of tests) {
    it('accepts ' + args.length, function () {});
    it('runs in every turn', function () {});
  }

  const testAdd = ({ args, expected }) =>
    function () {
      assert.strictEqual(add(args), expected);
    };

  it('adds by a made function', testAdd({ args: [1], expected: 1 }));
});
