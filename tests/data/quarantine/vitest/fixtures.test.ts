import { describe, expect, test as base } from 'vitest'

const myTest = base.extend<{ answer: number }>({
  answer: async ({}, use) => {
    await use(42)
  },
})

const slower = myTest.extend({ slow: true })

describe('fixtures', () => {
  myTest('gives the answer', ({ answer }) => {
    expect(answer).toBe(42)
  })

  slower.concurrent('gives it slowly', async ({ slow }) => {
    await new Promise((resolve) => setTimeout(resolve, slow ? 1 : 0))
  })

  base.extend({ inline: 1 })('extends in place', ({ inline }) => {
    expect(inline).toBe(1)
  })
})
