import { describe, expect, test } from '@jest/globals';
import {
  bearerToken,
  connectionsMax,
  descriptorPair,
  liveHosts,
} from '../../src/config/values-run.ts';

describe('live hosts', () => {
  test('are kept as written, each once', () => {
    expect(liveHosts(' db:5432 , *.example.org,10.0.0.0/8,db:5432')).toEqual([
      'db:5432',
      '*.example.org',
      '10.0.0.0/8',
    ]);
    expect(liveHosts('')).toEqual([]);
  });

  test('name the one that is none', () => {
    expect(() => liveHosts('db,http://db')).toThrow('"http://db" is no host, address or range');
  });
});

describe('a token', () => {
  test('is visible ASCII, and shown nowhere', () => {
    const token = bearerToken('a+b/c==');
    expect(token?.text).toBe('a+b/c==');
    expect(JSON.stringify({ token })).toBe('{"token":"[FILTERED]"}');
    expect(bearerToken('')).toBeUndefined();
  });

  test.each(['two words', 'ü', 'a\nb', 'x'.repeat(4097)])('is not %.10j', (text) => {
    expect(() => bearerToken(text)).toThrow('no token');
  });
});

describe('descriptors', () => {
  test('are two', () => {
    expect(descriptorPair('8,9')).toEqual([8, 9]);
    expect(descriptorPair('8, 9')).toEqual([8, 9]);
    expect(descriptorPair('')).toBeUndefined();
  });

  test.each(['8', '8,8', '1,9', '8,2', '8,9,10', 'a,b', '-8,9'])('are not %s', (text) => {
    expect(() => descriptorPair(text)).toThrow('no two of them');
  });
});

test('how many connections there may be is a number, or left to the system', () => {
  expect(connectionsMax('auto')).toBe('auto');
  expect(connectionsMax('10000')).toBe(10_000);
  for (const text of ['0', '-1', 'many', '']) {
    expect(() => connectionsMax(text)).toThrow('out of its range');
  }
});
