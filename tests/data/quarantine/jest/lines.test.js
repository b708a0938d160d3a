describe('one line', () => { it('first', () => {}); it('second', () => {}); });

if (process.env.NEVER !== 'yes') it('stands behind a condition', () => {});

describe('directives', () => {
  // eslint-disable-next-line no-undef, jest/expect-expect
  it('has a directive above', () => {});

  // an ordinary comment
  it(
    'has its title on a line of its own',
    () => {
      expect(1).toBe(1);
    },
    5000,
  );

	it('is indented by a tab', () => {});
});
