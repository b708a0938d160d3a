const mocha = require('mocha');
const { describe, it } = require('mocha');

describe('required', () => {
  it('is destructured', () => {});

  mocha.it('is a member', () => {});
});
