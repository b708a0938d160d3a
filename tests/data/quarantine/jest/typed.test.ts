import type { Config } from 'jest';

interface Row {
  a: number;
}

const withConfig = (run: (config: Config) => void) => () => run({});

describe('typed', () => {
  it.each<{ a: number }>`
    a
    ${1}
    ${2}
  `('tagged $a', ({ a }: Row) => {
    expect(a).toBeGreaterThan(0);
  });

  it.each([[1], [2]] as const)('const %i', (a) => {
    expect(a).toBeLessThan(3);
  });

  it
    .each([1, 2])
    ('broken over lines %i', (a) => {
      expect(a).toBeTruthy();
    });

  it('as any', (() => {}) as any);

  // @ts-expect-error a wrong argument
  it('below a directive', withConfig((config: string) => {}), '5');

  /**
   * Documented.
   */
  it('below documentation', withConfig((config) => {}));

  it?.('optional', () => {});

  describe(`with ${'literals'} and ${1}`, () => { it('last', () => {}) })

  it(`spans
    lines`, () => {});
});

try { it('in a try', () => {}) } finally { Object.freeze({}) }
switch (process.env.NEVER) { default: it('in a switch', () => {}) }
