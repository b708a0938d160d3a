import { describe, expect, it, beforeEach } from '@jest/globals';

interface Line {
  price: number;
  amount: number;
}

const sum = (lines: Line[]): number => lines.reduce((all, line) => all + line.price * line.amount, 0);

describe('basket', () => {
  let lines: Line[];

  beforeEach(() => {
    lines = [{ price: 3, amount: 2 }];
  });

  describe('sum', () => {
    it('adds the lines', () => {
      expect(sum(lines)).toBe(6);
    });

    it("doesn't count an empty basket", () => {
      expect(sum([])).toBe(0);
    });

    it('keeps a > b and b > c', async () => {
      await Promise.resolve();
      expect(3 > 2).toBe(true);
    });
  });

  it('adds the lines', () => {
    expect(lines).toHaveLength(1);
  });
});

test('stands alone', () => expect(1).toBe(1));
