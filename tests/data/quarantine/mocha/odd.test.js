describe('odd titles', () => {
  it('1) begins with a number', () => {});
  it('ends with a colon:', () => {});
  it('takes 5 ms', () => {});
  it("says \"hello\" and 'bye'", () => {});
  it('mentions a.test.js', () => {});
  it('', () => {});
  it('has /* a comment */ and // another', () => {});
  it(/* why */ 'has a comment before its title', () => {});
});
