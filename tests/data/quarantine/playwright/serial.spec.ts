import { test, expect } from '@playwright/test';

test.describe.serial('step by step', () => {
  let count = 0;

  test('first', async () => {
    count += 1;
    expect(count).toBe(1);
  });

  test('second', async () => {
    expect(count).toBe(1);
  });
});

test.describe.parallel("at once", () => { // all of them
  test('one', async () => {});
});

test.describe.parallel('in one line', () => { test('two', async () => {}); });

test.fail('is known to fail', async () => {
  expect(1).toBe(2);
});

test.fail('has no braces', async () => expect(1).toBe(2));

test.describe.configure({ mode: 'parallel' });
