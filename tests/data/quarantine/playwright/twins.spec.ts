import { test } from '@playwright/test';

test.describe(() => {
  test('has no group title', async () => {});
});

test.describe('left', () => {
  test('twin', async () => {});
});

test.describe('right', () => {
  test('twin', async () => {});

  test.describe(() => {
    test('deep', async () => {});
  });
});
