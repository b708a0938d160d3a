import { describe, expect, it } from 'vitest'

const cases = { one: 1, two: 2 } as const

describe('loop', () => {
  for (const [name, value] of Object.entries(cases)) {
    it(`parses ${name} as a number`, () => {
      expect(value).toBeGreaterThan(0)
    })
  }

  Object.keys(cases).forEach((name) => it(name, () => {}))

  it.each(Object.keys(cases))(`key %s of ${Object.keys(cases).length}`, (key) => {
    expect(key).toBeTruthy()
  })

  it('is outside of the loop', () => {})
})
