import { test as base, expect } from '@playwright/test';

type Options = { name: string };

export const test = base.extend<Options>({
  name: ['ann', { option: true }],
});

const adminTest = test.extend({ name: 'root' });

test.use({ name: 'bob' });

test('has a name', async ({ name }) => {
  expect(name).toBe('bob');
});

adminTest('is the admin', async ({ name }) => {
  expect(name).toBeTruthy();
});

adminTest.describe('admins', () => {
  adminTest('have a group', async () => {});

  adminTest.fail('cannot do all', async () => {
    expect(true).toBe(false);
  });
});
