import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readReadable, writeReadable } from '../../src/cassette/readable.ts';
import { bytes, treacherous } from './samples.ts';

/** As a file would hand it back. */
const filed = (fields: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(fields)) as Record<string, unknown>;

test.each(treacherous)('%j comes back to the byte', (text) => {
  const written = writeReadable(Buffer.from(text));
  expect(readReadable(filed(written ?? {}), 'f')?.toString()).toBe(text);
});

test('so does anything that is not binary', () => {
  fc.assert(
    fc.property(bytes, (some) => {
      const written = writeReadable(some);
      if (written === undefined) return;
      expect(readReadable(filed(written), 'f')).toEqual(some);
    }),
  );
});

describe('is written', () => {
  test.each([
    ['{"a":[1,"é"]}', { json: { a: [1, 'é'] } }],
    ['{"a":1}\n', { json: { a: 1 }, newline: true }],
    ['{\n  "a": 1\n}', { json: { a: 1 }, indent: 2 }],
    ['[\n    1\n]\n', { json: [1], indent: 4, newline: true }],
    ['[\n\t1\n]', { json: [1], indent: '\t' }],
    ['{"a":275.0}', { text: '{"a":275.0}' }],
    ['{"a":1,"a":2}', { text: '{"a":1,"a":2}' }],
    ['hello', { text: 'hello' }],
    ['', { text: '' }],
    ['a\r\nb', { text: ['a\r', 'b'] }],
  ])('%j', (text, expected) => expect(writeReadable(Buffer.from(text))).toEqual(expected));

  test.each([
    ['no UTF-8', Buffer.from([0xff])],
    ['cut UTF-8', Buffer.from('é').subarray(0, 1)],
    ['UTF-8 with NUL', Buffer.from('a\0b')],
  ])('not at all where it is %s', (_what, some) => {
    expect(writeReadable(some)).toBeUndefined();
  });

  test('as text where it is deep', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(writeReadable(Buffer.from(deep))).toEqual({ text: deep });
  });
});

test.each([
  [{ text: 1 }, 'f.text'],
  [{ text: ['a', 1] }, 'f.text'],
  [{ json: 1, indent: 3 }, 'f.indent'],
])('%j is refused', (fields, where) => {
  expect(() => readReadable(fields, 'f')).toThrow(where);
});

test('what is neither JSON nor text is left to others', () => {
  expect(readReadable({ base64: 'AA==' }, 'f')).toBeUndefined();
});
