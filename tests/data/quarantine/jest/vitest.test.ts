import { expect, it } from 'vitest';

it('belongs to Vitest', () => {
  expect(1).toBe(1);
});
