import { test, expect, otherTest } from './base';
import { test as it } from './base';

test('comes from fixtures', async ({ answer }) => {
  expect(answer).toBe(42);
});

it('has another name', async () => {});

otherTest('has a name of its own', async ({ answer }) => {
  expect(answer).toBe(42);
});
