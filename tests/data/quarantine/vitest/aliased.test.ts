import { describe as group, expect, it as spec } from 'vitest'

const onLinux = process.platform === 'linux' ? spec : spec.skip

group('aliased', () => {
  spec('has another name', () => {
    expect(1).toBe(1)
  })

  onLinux('runs on Linux', () => {})
})

group.skip('left out', () => {
  spec('is inside', () => {})
})
