import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import {
  codingOf,
  contentCoding,
  decode,
  decodedBytesMax,
  encode,
  encodesTo,
  isEncoded,
} from '../../src/cassette/coding.ts';

const plain = Buffer.from('a'.repeat(100));

describe.each(['gzip', 'deflate', 'br', 'zstd'] as const)('%s', (coding) => {
  test('is undone and done again', () => {
    const encoded = encode(coding, plain);
    expect(decode(coding, encoded)).toEqual(plain);
    expect(encodesTo(coding, plain, encoded)).toBe(true);
    expect(isEncoded(coding, encoded)).toBe(true);
  });

  test('of something else is nothing', () => {
    expect(decode(coding, plain)).toBeUndefined();
    expect(encodesTo(coding, plain, plain)).toBe(false);
    expect(isEncoded(coding, plain)).toBe(false);
  });

  test('that swells is not undone', () => {
    const bomb = encode(coding, Buffer.alloc(decodedBytesMax + 1));
    expect(bomb.length).toBeLessThan(10_000);
    expect(decode(coding, bomb)).toBeUndefined();
    expect(isEncoded(coding, bomb)).toBe(true);
  });
});

test('another level encodes to other bytes', () => {
  const text = Buffer.from('abcabcabcabc '.repeat(50));
  expect(encodesTo('gzip', text, gzipSync(text, { level: 1 }))).toBe(false);
});

test('brotli, which is slow, is not tried on much', () => {
  const much = Buffer.alloc(20_000);
  expect(encodesTo('br', much, encode('br', much))).toBe(false);
});

test.each([
  ['gzip', 'gzip'],
  [' X-GZIP', 'gzip'],
  ['br', 'br'],
  ['identity', undefined],
  ['gzip, br', undefined],
  ['', undefined],
])('Content-Encoding %j is %s', (value, coding) => {
  expect(contentCoding([['Content-Encoding', value]])).toBe(coding);
});

test('without the header there is none, and names are exact', () => {
  expect(contentCoding([])).toBeUndefined();
  expect(codingOf('GZIP')).toBeUndefined();
});
