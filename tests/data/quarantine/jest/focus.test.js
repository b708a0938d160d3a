describe('focus', () => {
  it.only('is looked at', () => {
    expect(1).toBe(1);
  });

  fit('is looked at too', () => {
    expect(2).toBe(2);
  });

  it('is left out', () => {
    expect(3).toBe(3);
  });
});

fdescribe('focused group', () => {
  it('runs here', () => {
    expect(4).toBe(4);
  });
});
