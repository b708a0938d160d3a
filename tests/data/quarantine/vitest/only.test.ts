import { describe, it } from 'vitest'

describe.only('focused', () => {
  it('runs', () => {})
  it.only('runs alone', () => {})
})

