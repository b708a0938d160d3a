describe('torn elsewhere', () => {
  it('is fine', () => {
    expect(1).toBe(1);
  });

  it('is torn', () => {
    const x = ;
    expect(x).toBe(1);
  });
});
