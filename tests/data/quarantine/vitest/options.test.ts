import { describe, expect, it } from 'vitest'

const slow = false

describe('options', () => {
  it('is skipped', { skip: true }, () => {
    expect(1).toBe(2)
  })

  it('is skipped by a quoted key', { 'skip': true, retry: 2 }, () => {
    expect(1).toBe(2)
  })

  it('is not skipped', { skip: false }, () => {
    expect(1).toBe(1)
  })

  it('asks a constant', { skip: slow }, () => {
    expect(1).toBe(1)
  })

  it('has other options', { timeout: 500 }, () => {
    expect(1).toBe(1)
  })
})

describe('whole group', { skip: true }, () => {
  it('waits', () => {
    expect(1).toBe(2)
  })
})
