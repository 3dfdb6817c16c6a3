import { expect, test } from '@jest/globals';
import { placesOf } from '../../src/cassette/names.ts';

test.each(['a', 'login/ok', 'a.b', '..a', 'a..', 'é ü', 'a/b/c.json', '-'])(
  '%j is a name',
  (name) => {
    const { files, log } = placesOf('/dir', name);
    expect(files['msgpack.gz']).toBe(`/dir/${name}.msgpack.gz`);
    expect(log).toBe(`/dir/${name}.wal`);
  },
);

test.each([
  ['', 'is empty'],
  ['/etc/passwd', 'absolute'],
  ['..', '".."'],
  ['a/../../b', '".."'],
  ['./a', '"."'],
  ['a//b', 'empty folder'],
  ['a/', 'empty folder'],
  ['a\\..\\b', 'backslash'],
  ['a\0b', 'NUL'],
  ['é'.repeat(116), '230 bytes'],
])('%j is none, and it is said why', (name, why) => {
  expect(() => placesOf('/dir', name)).toThrow(
    expect.objectContaining({ code: 'CASSETTE_NAME_INVALID' }),
  );
  expect(() => placesOf('/dir', name)).toThrow(why);
});
