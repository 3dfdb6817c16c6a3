import { describe, expect, test } from '@jest/globals';
import { ignoredParts, optionalMessages, sessionKeys } from '../../src/config/values-messages.ts';
import { ValueError } from '../../src/config/values.ts';

/** Patterns as they were written. */
function written(patterns: ReturnType<typeof optionalMessages>): string[] {
  return patterns.map((one) => {
    if ('pattern' in one) return `/${one.pattern.text}/`;
    return one.value === undefined ? one.path.text : `${one.path.text}=${one.value}`;
  });
}

describe('what is ignored', () => {
  test.each([
    ['', []],
    ['$.id', ['$.id']],
    [' $.id , $..at,\n$.items[*].at ', ['$.id', '$..at', '$.items[*].at']],
    ['/a{1,2}\\/b/, $.id', ['/a{1,2}\\/b/', '$.id']],
    ['/a/i', ['/a/']],
  ])('%j', (text, patterns) => expect(written(ignoredParts(text))).toEqual(patterns));

  test('an expression may go without the case of letters', () => {
    const [one] = ignoredParts('/ping/i');
    expect(one !== undefined && 'pattern' in one && one.pattern.isIn('PING')).toBe(true);
  });

  test.each(['id', '$', '/a', '/a/x', '/(/', '/a(?=b)/', '$.a=1'])('not %s', (text) => {
    expect(() => ignoredParts(text)).toThrow(ValueError);
  });
});

test('what is optional may be told by a value', () => {
  expect(written(optionalMessages('$.type=typing,$.ping,/^pong$/'))).toEqual([
    '$.type=typing',
    '$.ping',
    '/^pong$/',
  ]);
});

describe('sessions are told apart by', () => {
  test.each([
    ['order', []],
    ['header:X-User', [{ by: 'header', name: 'X-User' }]],
    ['query:token, cookie', [{ by: 'query', name: 'token' }, { by: 'cookie' }]],
    [
      'cookie:sid,protocol,message',
      [{ by: 'cookie', name: 'sid' }, { by: 'protocol' }, { by: 'message' }],
    ],
  ])('%s', (text, keys) => expect(sessionKeys(text)).toEqual(keys));

  test.each(['header', 'query:', 'protocol:x', 'path', 'order,message'])('not %s', (text) => {
    expect(() => sessionKeys(text)).toThrow(ValueError);
  });
});
