import type { Page } from '@playwright/test'
import { assert, it, type Mock } from 'vitest'

it('uses types only', { tags: [] as string[] } as object, () => {
  const page = null as Page | null
  const mock = undefined as unknown as Mock
  assert.equal(page, null)
  assert.equal(mock, undefined)
})

it(
  `spans
  two lines`,
  () => {},
)
