import { strict as assert } from 'assert';

interface Point {
  x: number;
  y: number;
}

const move = <T extends Point>(point: T, by: number): T => ({ ...point, x: point.x + by });

describe('typed', function (this: Mocha.Suite) {
  this.timeout(500);

  it('moves points', (): void => {
    const moved = move({ x: 1, y: 1 }, 2) as Point;
    assert.equal(moved!.x, 3);
  });

  it('keeps the rest', async function (this: Mocha.Context): Promise<void> {
    assert.equal(move<Point>({ x: 1, y: 7 }, 2).y, 7);
  });
});
