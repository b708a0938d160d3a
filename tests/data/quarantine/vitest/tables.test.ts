import { describe, expect, test } from 'vitest'

describe('tables', () => {
  test.each([
    { a: 1, b: 1, sum: 2 },
    { a: 1, b: 2, sum: 3 },
  ])('add($a, $b) -> $sum', ({ a, b, sum }) => {
    expect(a + b).toBe(sum)
  })

  test.for([
    [1, 1],
    [2, 4],
    [3, 9],
  ])('square %i is %i', ([a, square]) => {
    expect(a * a).toBe(square)
  })

  test.each`
    word     | length
    ${'ab'}  | ${2}
    ${'abc'} | ${3}
  `('$word has $length letters', ({ word, length }) => {
    expect(word).toHaveLength(length)
  })

  test.each<[string, number]>([['x', 1]])('typed %s', (word, length) => {
    expect(word).toHaveLength(length)
  })

  const spread = [1, 2]
  test.each([...spread, 3])('spread %d', (n) => {
    expect(n).toBeGreaterThan(0)
  })
})

describe.each([{ os: 'linux' }, { os: 'macos' }])('on $os', ({ os }) => {
  describe.each([1, 2, 3])('with %i cores', (cores) => {
    test('starts', () => {
      expect(os.length * cores).toBeGreaterThan(0)
    })
  })
})
