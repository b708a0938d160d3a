import { describe, expect, it } from '@jest/globals'

describe('jest', () => {
  it('belongs to Jest', () => {
    expect(1).toBe(1)
  })
})
