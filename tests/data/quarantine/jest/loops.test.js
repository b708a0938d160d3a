const shapes = ['circle', 'square'];

describe('shapes', () => {
  for (const shape of shapes) {
    it(`draws a ${shape}`, () => {
      expect(shape).toContain('r');
    });
  }

  shapes.forEach((shape) => {
    describe(`the ${shape}`, () => {
      test('has a name', () => {
        expect(shape).not.toBe('');
      });
    });
  });

  it('counts ' + 'them', () => {
    expect(shapes).toHaveLength(2);
  });

  it('is not a ' + shapes[0] + ' alone', () => {
    expect(shapes).toContain('square');
  });
});
