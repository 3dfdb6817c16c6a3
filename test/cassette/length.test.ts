import { expect, test } from '@jest/globals';
import { withConsistentLength } from '../../src/cassette/length.ts';
import type { Ending } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Headers } from '../../src/exchange/headers.ts';

const response = (status: number, headers: Headers, body?: string) => ({
  status,
  statusText: '',
  httpVersion: '1.1',
  headers,
  ...(body === undefined ? {} : { body: Buffer.from(body) }),
});
const five: Headers = [
  ['a', 'b'],
  ['Content-Length', '5'],
];
const cut: Ending = { type: 'cut', by: 'server' };

test.each([
  ['edited', response(200, five, 'é'), '2'],
  ['emptied', response(200, five), '0'],
  ['right', response(200, five, '12345'), '5'],
])('the length of a body that was %s', (_what, given, expected) => {
  const { headers } = withConsistentLength(given, 'GET', finished);
  expect(headers).toEqual([
    ['a', 'b'],
    ['Content-Length', expected],
  ]);
});

test.each([
  ['to HEAD', 'HEAD', response(200, five), finished],
  ['304', 'GET', response(304, five), finished],
  ['cut short', 'GET', response(200, five, 'abc'), cut],
  ['chunked', 'GET', response(200, [...five, ['Transfer-Encoding', 'chunked']], 'abc'), finished],
  ['without a length', 'GET', response(200, [], 'abc'), finished],
  ['with nonsense', 'GET', response(200, [['content-length', 'x']], 'abc'), finished],
])('an answer that is %s stays as it is', (...[_what, method, given, ending]) => {
  expect(withConsistentLength(given, method, ending)).toBe(given);
});
