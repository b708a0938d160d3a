import { describe, expect, it } from 'vitest'

function h(tag: string, props: object | null, ...children: unknown[]) {
  return { tag, props, children }
}

/** @jsx h */
const Card = <T,>({ title }: { title: T }) => ({ title })

describe(Card, () => {
  it('shows {braces} & <tags>', () => {
    const html = `<p>${[1].map((n) => `<b>${n}</b>`).join('')}</p>`
    expect(html).toBe('<p><b>1</b></p>')
  })

  it('keeps "generics"', () => {
    expect(Card<string>({ title: 'x' }).title).toBe('x')
    expect(h('a', null).tag).toBe('a')
  })
})
