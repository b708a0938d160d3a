describe('what people skip', () => {
  it.skip('waits for the server', () => {});

  xit('is old', () => {});

  test.todo('is not written yet');

  it('runs', () => {
    expect(true).toBe(true);
  });

  describe.skip('a whole group', () => {
    it('stands inside', () => {});
  });

  xdescribe('another group', () => {
    it('stands inside as well', () => {});
  });
});
