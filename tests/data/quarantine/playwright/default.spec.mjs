import test, { expect } from '@playwright/test';

test('is the default', async () => {
  expect(1).toBe(1);
});

test.describe('only here', () => {
  test.only('is focused', async () => {});
});

test.describe.only('focused group', () => {
  test('is inside', async () => {});
});
