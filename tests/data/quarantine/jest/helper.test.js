function behavesLikeAList(make) {
  it('has a length', () => {
    expect(make()).toHaveLength(0);
  });

  it(`knows ${make.name}`, () => {
    expect(make.name).toBeTruthy();
  });
}

describe('Array', () => {
  behavesLikeAList(function array() {
    return [];
  });
});

describe('String', () => {
  behavesLikeAList(function string() {
    return '';
  });
});
