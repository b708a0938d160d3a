const add = (a, b) => a + b;

describe('add', () => {
  it.each([
    [1, 1, 2],
    [1, 2, 3],
    // the odd one
    [2, 5, 7],
  ])('adds %i to %i', (a, b, expected) => {
    expect(add(a, b)).toBe(expected);
  });

  test.each`
    a    | b    | expected
    ${1} | ${1} | ${2}
    ${4} | ${5} | ${9}
  `('gives $expected for $a and $b', ({ a, b, expected }) => {
    expect(add(a, b)).toBe(expected);
  });

  describe.each([['left'], ['right']])('from the %s', (side) => {
    it('has a side', () => {
      expect(side).toBeTruthy();
    });

    it('is 100% sure', () => {
      expect(side.length).toBeGreaterThan(3);
    });
  });

  const rows = [[1], [2]];
  it.each(rows)('knows row %#', (row) => {
    expect(row).toBeGreaterThan(0);
  });
});
