describe('twins', () => {
  it('looks the same', () => {});
  it('looks the same', () => {});
  describe('a b', () => {
    it('c', () => {});
  });
  describe('a', () => {
    it('b c', () => {});
  });
});
describe('other', () => {
  it('looks the same', () => {});
});
