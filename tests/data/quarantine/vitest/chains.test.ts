import { describe, expect, it, test } from 'vitest'

const ci = process.env.NEVER === 'yes'

describe('chains', () => {
  test.sequential('one after the other', () => {})

  it.fails('is expected to fail', () => {
    expect(1).toBe(2)
  })

  it.concurrent('at the same time', async ({ expect }) => {
    expect(1).toBe(1)
  })

  it.skipIf(ci)('where it can run', () => {})

  it.runIf(!ci)('where it should run', () => {})

  it.skipIf(true)('never runs', () => {})

  it.runIf(false)('never runs either', () => {})

  it.concurrent.fails('chains two words', async () => {
    throw new Error('no')
  })
})

describe.shuffle('shuffled', () => {
  it('stands in any order', () => {})
  it('stands in another order', () => {})
})

describe.skipIf(ci)('conditional group', () => {
  it('stands in a conditional group', () => {})
})

describe.runIf(!ci).each([1, 2])('conditional table %i', (n) => {
  it.concurrent.skipIf(ci).each([1, 2, 3])('cell %i', async (m) => {
    await Promise.resolve(n * m)
  })
})
