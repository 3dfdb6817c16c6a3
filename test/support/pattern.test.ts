import { describe, expect, test } from '@jest/globals';
import { createPattern } from '../../src/support/pattern.ts';

describe('a pattern', () => {
  test('is found anywhere, or where it is anchored', () => {
    expect(createPattern('p[io]ng').isIn('a pong')).toBe(true);
    expect(createPattern('^pong$').isIn('a pong')).toBe(false);
    expect(createPattern('PONG', { ignoreCase: true }).isIn('a pong')).toBe(true);
    expect(createPattern('ü+').isIn('Grüüße 🎷')).toBe(true);
  });

  test('is cut out of a text, all of it', () => {
    expect(createPattern('"ts":\\d+').cutFrom('{"ts":12,"a":1,"ts":3}')).toBe('{,"a":1,}');
  });

  test('takes no longer for a text that fits it badly', () => {
    const startedAt = performance.now();
    expect(createPattern('^(a+)+$').isIn(`${'a'.repeat(50_000)}b`)).toBe(false);
    // An engine that tries all ways would not be done before the sun goes out.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test.each(['(', 'a(?=b)', '(a)\\1', 'x'.repeat(1_001)])('is not made of %s', (text) => {
    expect(() => createPattern(text)).toThrow(RangeError);
  });
});
