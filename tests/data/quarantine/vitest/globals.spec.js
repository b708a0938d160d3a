suite('globals', () => {
  test('needs no import', () => {
    expect(1).toBe(1)
  })

  it.skip('is skipped', () => {})

  test('skips itself', (context) => {
    context.skip()
  })

  test('skips itself by a name', ({ skip }) => {
    skip('not here')
  })

  test('skips sometimes', ({ skip }) => {
    if (process.env.NEVER === 'yes') skip()
  })
})
