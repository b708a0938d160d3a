describe('Größe › Maß', () => {
  it('misst \u00e9 und 😀', () => {
    expect('é').toBe('\u00e9');
  });

  it('breaks \
the line', () => {
    expect(`a
it('x', () => {})
b`).toContain('it');
  });

  it('has "both" \'quotes\' and `ticks`', () => {
    expect(1).toBe(1);
  });
})
