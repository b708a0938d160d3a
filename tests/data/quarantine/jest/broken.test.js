describe('broken', () => {
  it('is fine', () => {
    expect(1).toBe(1);
  });

  it('is torn', () => {
    expect(1.toBe(1);
  });
});
