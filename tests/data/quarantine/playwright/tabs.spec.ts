import { test, expect } from '@playwright/test';

test.describe("tabs", () => {
	test.describe.serial("in a row", () => {
		test("first tab", async () => {
			expect(1).toBe(1);
		});
	});

	test.fail("empty", async () => {});
});
