// @ts-check
const { test, expect } = require('@playwright/test');

test.describe('required', () => {
  test('is JavaScript', async () => {
    expect(1).toBe(1);
  });
});
