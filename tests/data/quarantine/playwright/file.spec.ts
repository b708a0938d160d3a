import { test } from '@playwright/test';

test.skip(true, 'the whole file waits');

test('waits with the file', async () => {});
