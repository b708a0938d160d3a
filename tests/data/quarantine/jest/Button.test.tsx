import { jest } from '@jest/globals';

const React = { createElement: (tag: unknown, props: unknown, ...children: unknown[]) => ({ tag, props, children }) };

class Button {
  static label = 'OK';
}

const render = (node: { tag: unknown }) => ({ tag: node.tag });

describe(Button, () => {
  const onClick = jest.fn();

  it('renders <b>bold</b> text', () => {
    const shown = render(
      <div>
        it('is text, not a test', () =&gt; nothing)
      </div> as any,
    );
    expect(shown.tag).toBe('div');
  });

  it(`calls back`, () => {
    // it('is commented out', () => {});
    const text = "it('is a string', () => {})";
    onClick(text);
    expect(onClick).toHaveBeenCalledWith(text);
  });

  describe(Button.name, () => {
    it('has a label', () => expect(Button.label).toMatch(/it\('x', \(/i === null ? '' : 'OK'));
  });
});
