// @flow
import type { Route } from './route';

const parse = (route: string): Array<string> => route.split('/').filter(Boolean);

describe('routes', (): void => {
  it('splits', (): void => {
    const parts: Array<string> = parse('/a/b');
    expect(parts).toEqual(['a', 'b']);
  });

  it('drops empty parts', (): void => {
    expect(parse('//')).toEqual([]);
  });
});
