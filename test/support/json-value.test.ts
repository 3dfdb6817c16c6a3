import { describe, expect, test } from '@jest/globals';
import { parseJsonPath, trailOf } from '../../src/support/json-path.ts';
import type { LeafPair } from '../../src/support/json-value.ts';
import { equalJson, JsonNumber, parseJsonText } from '../../src/support/json-value.ts';

function compare(
  one: string,
  other: string,
  { ignore = [], differ = [] }: { ignore?: readonly string[]; differ?: readonly string[] } = {},
): { equal: boolean; ignored: LeafPair[] } {
  const ignored: LeafPair[] = [];
  const equal = equalJson(parseJsonText(one)?.value, parseJsonText(other)?.value, {
    ignored: trailOf(ignore.map(parseJsonPath)),
    onIgnored: (pair) => ignored.push(pair),
    mayDiffer: ({ name }) => name !== undefined && differ.includes(name),
  });
  return { equal, ignored };
}

describe('equal are', () => {
  test.each([
    ['{"a":1,"b":[true,null]}', '{ "b": [true, null], "a": 1 }'],
    ['{"a":{}}', '{"a":{}}'],
    ['[]', '[]'],
  ])('%s and %s', (one, other) => expect(compare(one, other).equal).toBe(true));
});

describe('not equal are', () => {
  test.each([
    ['{"a":1}', '{"a":2}'],
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":1}', '{"a":1.0}'],
    ['{"a":9007199254740993}', '{"a":9007199254740992}'],
    ['{"a":1}', '{"a":1,"b":2}'],
    ['{"a":null}', '{}'],
    ['[1,2]', '[2,1]'],
    ['[]', '{}'],
    ['{"a":[]}', '{"a":{}}'],
  ])('%s and %s', (one, other) => expect(compare(one, other).equal).toBe(false));

  test('values that are too deep to be compared', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(compare(nested(200), nested(200)).equal).toBe(true);
    expect(compare(nested(1_000), nested(1_000)).equal).toBe(false);
    expect(parseJsonText(nested(50_000))).toBeUndefined();
  });
});

test('what is ignored may differ, or be absent, and is told', () => {
  const { equal, ignored } = compare('{"id":1,"at":"x","a":[{"t":1}]}', '{"id":2,"a":[{"t":{}}]}', {
    ignore: ['$.id', '$.at', '$..t'],
  });
  expect(equal).toBe(true);
  expect(ignored).toEqual([{ one: '1', other: '2', name: 'id' }]);
});

test('leaves may differ where whoever compares lets them', () => {
  expect(compare('{"id":"a"}', '{"id":"b"}', { differ: ['id'] }).equal).toBe(true);
  expect(compare('["a"]', '["b"]', { differ: ['id'] }).equal).toBe(false);
});

test('a number is kept as it was written, and a text that is no tree is none', () => {
  expect(parseJsonText('[1.50]')?.value).toEqual([new JsonNumber('1.50')]);
  expect(['1', '"a"', '', '{', 'hello'].map(parseJsonText)).toEqual(Array(5).fill(undefined));
});
