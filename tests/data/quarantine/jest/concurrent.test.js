const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe('many at once', () => {
  it.concurrent('waits a little', async () => {
    await wait(1);
  });

  it.concurrent.each([[1], [2]])('waits %d', async (ms) => {
    await wait(ms);
  });

  test.failing('is known to be wrong', () => {
    expect(1).toBe(2);
  });

  test.failing.each([[1], [2], [3]])('is wrong for %d', (n) => {
    expect(n).toBe(0);
  });
});
