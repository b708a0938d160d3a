import { test, expect } from '@playwright/test';

test.beforeEach(async ({ page }) => {
  await page.goto('/login');
});

test.describe('login', () => {
  test('shows the form @smoke', async ({ page }) => {
    await test.step('look', async () => {
      await expect(page.getByRole('form')).toBeVisible();
    });
  });

  test('logs in', { tag: '@slow', annotation: { type: 'issue', description: '#1' } }, async ({ page }) => {
    await page.getByLabel('Name').fill('ann');
  });

  test.describe('with an error', () => {
    test('says so', async ({ page }) => {
      await expect(page.getByText('wrong')).toBeVisible();
    });
  });
});

test('logs out', async ({ page }) => {
  await page.goto('/logout');
});
