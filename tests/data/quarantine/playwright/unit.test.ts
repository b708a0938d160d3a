import { expect, test } from 'vitest';
import { chromium } from '@playwright/test';

test('belongs to Vitest', async () => {
  expect(chromium).toBeTruthy();
});
