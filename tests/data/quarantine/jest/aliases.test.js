const { it: spec, describe: group } = require('@jest/globals');

const onLinux = process.platform === 'linux' ? spec : spec.skip;
const TITLE = 'has a title in a constant';
const pending = spec.skip;

group('aliases', () => {
  spec('has another name', () => {});

  onLinux('runs on Linux', () => {});

  spec(TITLE, () => {});

  pending('waits', () => {});

  spec(`${TITLE} twice`, () => {});
});
