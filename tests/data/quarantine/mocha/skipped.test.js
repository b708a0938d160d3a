describe('skipped', () => {
  xit('is old', () => {});

  xspecify('is older', () => {});

  it.skip('is skipped', () => {});

  xcontext('when nobody looks', () => {
    it('is inside', () => {});
  });

  describe.skip('a group', () => {
    it('is inside too', () => {});
  });

  it('runs', () => {});
});
