import { mergeTests, expect, test as plain } from '@playwright/test';
import { test as withAnswer } from './base';

const test = mergeTests(plain, withAnswer);

test('is merged', async ({ answer }) => {
  expect(answer).toBe(42);
});
