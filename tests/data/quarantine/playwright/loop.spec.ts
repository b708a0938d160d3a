import { test, expect } from '@playwright/test';

for (const name of ['Ann', 'Bob']) {
  test(`greets ${name}`, async () => {
    expect(name).toHaveLength(3);
  });

  test.describe(`the page of ${name}`, () => {
    test('has a title', async () => {});
  });
}

[
  { title: 'wide', width: 1200 },
  { title: 'narrow', width: 400 },
].forEach(({ title, width }) => {
  test('is ' + title, async () => {
    expect(width).toBeGreaterThan(0);
  });
});
