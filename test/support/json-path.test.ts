import { describe, expect, test } from '@jest/globals';
import { hasAt, parseJsonPath, trailOf } from '../../src/support/json-path.ts';

const value = {
  id: 1,
  'a b': [{ at: 2, deep: { at: 3 } }, { at: 4 }],
  ünï: { '*': 5, at: 6 },
};

/** Everything that a path leads to. */
function found(text: string): unknown[] {
  const all: unknown[] = [];
  hasAt(value, parseJsonPath(text), (one) => all.push(one) === 0);
  return all;
}

describe('a path leads to', () => {
  test.each([
    ['$.id', [1]],
    ['$.none', []],
    ['$["a b"][0].at', [2]],
    ["$['a b'][*].at", [2, 4]],
    ['$..at', [2, 3, 4, 6]],
    ['$..deep.at', [3]],
    ['$.ünï.*', [5, 6]],
    ['$.ünï["*"]', [5]],
    ['$..[1].at', [4]],
    ['$["a b"].at', []],
  ])('%s', (text, values) => expect(found(text)).toEqual(values));

  test('nothing below the depth that is looked at', () => {
    let deep: unknown = { at: 1 };
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    expect(hasAt(deep, parseJsonPath('$..at'), () => true)).toBe(false);
  });
});

test.each(['', '$', 'id', '$id', '$.', '$.a[', '$.a[-1]', '$.a[?(@.b)]', `$.${'a'.repeat(1_000)}`])(
  '%j is no path',
  (text) => expect(() => parseJsonPath(text)).toThrow(RangeError),
);

test('a trail of several paths ends where any of them does', () => {
  const trail = trailOf([parseJsonPath('$.a.b'), parseJsonPath('$..c')]);
  expect(trail.ends).toBe(false);
  expect(trail.into('a').into('b').ends).toBe(true);
  expect(trail.into('x').into('c').ends).toBe(true);
  expect(trail.into('x').into('d').ends).toBe(false);
  expect(trailOf([]).into('a').ends).toBe(false);
});
