describe('focus', () => {
  it.only('runs', () => {});
  it('waits', () => {});
});
