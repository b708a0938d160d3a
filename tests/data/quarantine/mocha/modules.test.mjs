import { describe as group, it as check } from 'mocha';
import assert from 'node:assert';

group('modules', () => {
  check('are imported', async () => {
    assert.equal(await Promise.resolve(1), 1);
  });

  check(`have a ${'template'}`, () => {});
});
