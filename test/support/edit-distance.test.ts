import { describe, expect, test } from '@jest/globals';
import { editDistance, nearest } from '../../src/support/edit-distance.ts';

describe('the edit distance', () => {
  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['replay', 'replay', 0],
    ['replya', 'replay', 2],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
  ])('between "%s" and "%s" is %i', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
    expect(editDistance(right, left)).toBe(distance);
  });
});

describe('the nearest of some candidates', () => {
  test('is the one with the fewest edits, whatever the case', () => {
    expect(nearest('REPLYA', ['record', 'replay', 'auto'])).toBe('replay');
  });

  test('is the first of equals, and nothing of nothing', () => {
    expect(nearest('x', ['a', 'b'])).toBe('a');
    expect(nearest('x', [])).toBeUndefined();
  });
});
