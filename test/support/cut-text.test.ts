import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutText } from '../../src/support/cut-text.ts';

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc'],
  ['', 0, ''],
  ['a', 0, ''],
  ['äöü', 5, 'äö'],
  ['a😀', 4, 'a'],
  ['a😀', 5, 'a😀'],
  ['😀😀', 1, ''],
])('%j in %i bytes is %j', (text, bytesMax, cut) => {
  expect(cutText(text, bytesMax)).toBe(cut);
});

test('what is cut is a beginning, fits, and is as long as it can be', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, bytesMax) => {
      const cut = cutText(text, bytesMax);
      expect(text.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax);
      if (cut !== text) expect(Buffer.byteLength(cut)).toBeGreaterThan(bytesMax - 4);
    }),
  );
});
