'use strict';

const assert = require('assert');

describe('Stack', function () {
  beforeEach(function () {
    this.stack = [1, 2, 3];
  });

  describe('#pop()', function () {
    it('should return the last item', function () {
      assert.strictEqual(this.stack.pop(), 3);
    });

    it('should take ' + 'a while', function (done) {
      this.timeout(1000);
      setImmediate(done);
    }).timeout(2000);

    it('should be written');
  });

  context('when it is empty', () => {
    specify('nothing is left', () => {
      assert.ok(true);
    });
  });

  it('skips itself', function () {
    this.skip();
  });

  it('skips itself sometimes', function () {
    if (process.env.NEVER === 'yes') this.skip();
  });
});
