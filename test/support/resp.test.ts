import { describe, expect, test } from '@jest/globals';
import { respReach, respWords } from '../../src/support/resp.ts';

const reach = (text: string) => respReach(Buffer.from(text, 'latin1'));

describe('a value of RESP', () => {
  test.each([
    '+OK\r\n',
    '-ERR no\r\n',
    ':12\r\n',
    '$-1\r\n',
    '$0\r\n\r\n',
    '$3\r\na\r\n\r\n',
    '*-1\r\n',
    '*0\r\n',
    '*2\r\n$1\r\na\r\n*1\r\n:1\r\n',
    '_\r\n',
    '#t\r\n',
    ',1.5\r\n',
    '(123\r\n',
    '=7\r\ntxt:abc\r\n',
    '!3\r\nERR\r\n',
    '%1\r\n+a\r\n:1\r\n',
    '~1\r\n+a\r\n',
    '>2\r\n+a\r\n+b\r\n',
    '|1\r\n+ttl\r\n:1\r\n+value\r\n',
  ])('%j reaches to its end, and no part of it is enough', (text) => {
    expect(reach(`${text}+more\r\n`)).toBe(text.length);
    for (let length = 0; length < text.length; length += 1) {
      expect(reach(text.slice(0, length))).toBe('more');
    }
  });

  test.each(['hello\r\n', '$x\r\n', '$-2\r\n', '*1\r\nx\r\n', '%-1\r\n', '*99999999999\r\n'])(
    '%j is none',
    (text) => {
      expect(reach(text)).toBe('broken');
    },
  );

  test('is none where it nests too deep, or has a line without an end', () => {
    expect(reach('*1\r\n'.repeat(100))).toBe('broken');
    expect(reach(`+${'x'.repeat(100_000)}`)).toBe('broken');
  });
});

test('a command is read into words', () => {
  expect(respWords(Buffer.from('*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n'))).toEqual(['GET', 'a\r\nb']);
  expect(respWords(Buffer.from('PING\r\n'))).toBeUndefined();
  expect(respWords(Buffer.from('*1\r\n:1\r\n'))).toBeUndefined();
});
