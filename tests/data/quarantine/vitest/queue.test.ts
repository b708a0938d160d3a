import { beforeEach, describe, expect, it } from 'vitest'

describe('queue', () => {
  let queue: number[]

  beforeEach(() => {
    queue = [1, 2]
  })

  it('takes from the front', () => {
    expect(queue.shift()).toBe(1)
  })

  it('retries', { retry: 2, timeout: 1000 }, () => {
    expect(queue).toHaveLength(2)
  })

  it('has its options at the end', () => {
    expect(queue).toContain(2)
  }, 1000)

  it('is not written yet')

  it.todo('is planned')

  describe('with a > b > c', () => {
    it('compares a > b', async () => {
      await expect(Promise.resolve(1)).resolves.toBe(1)
    })
  })
})
