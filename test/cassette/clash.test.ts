import { expect, test } from '@jest/globals';
import { refuseClashes } from '../../src/cassette/clash.ts';

test.each([
  [[]],
  [['default']],
  [['web', 'jobs', 'web/night', 'a/b/c', 'a/b']],
  [['a', 'a.json', 'a.wal']],
])('%j get along', (names) => {
  expect(() => refuseClashes(names)).not.toThrow();
});

test.each([
  [['web', 'jobs', 'Web'], '"Web" and "web" differ only in how they are spelt'],
  [['caf\u00e9', 'cafe\u0301'], 'differ only in how they are spelt'],
  [['a.json/b', 'a'], '"a.json/b" and "a" would need a.json as folder and file'],
  [['a', 'A.msgpack.gz/b/c'], 'would need a.msgpack.gz as folder and file'],
  [['a', 'a.bodies/b'], 'would need a.bodies as folder and file'],
  [['x/a', 'x/a.wal/b'], 'would need x/a.wal as folder and file'],
])('%j clash, and it is said why', (names, why) => {
  expect(() => refuseClashes(names)).toThrow(
    expect.objectContaining({ code: 'CASSETTE_NAMES_CLASH' }),
  );
  expect(() => refuseClashes(names)).toThrow(why);
});

test('a name that is none is told as such', () => {
  expect(() => refuseClashes(['a', 'b/../c'])).toThrow(
    expect.objectContaining({ code: 'CASSETTE_NAME_INVALID' }),
  );
});
