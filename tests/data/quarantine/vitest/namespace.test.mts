import * as vitest from 'vitest'

vitest.describe('namespace', () => {
  vitest.it('is a member', () => {
    vitest.expect(1).toBe(1)
  })

  vitest.test.concurrent('is a chained member', async () => {})
})
