import { test as base, mergeTests } from '@playwright/test';

export const test = base.extend<{ answer: number }>({
  answer: async ({}, use) => {
    await use(42);
  },
});
export const otherTest = test;
export const merged = mergeTests(base, test);
export { expect } from '@playwright/test';
