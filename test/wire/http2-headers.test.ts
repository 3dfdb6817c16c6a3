import { expect, test } from '@jest/globals';
import { fieldsOf, http2Headers, readRequestHead } from '../../src/wire/http2-headers.ts';

test('a head is read from its fields, its cookie put together again', () => {
  const flat = [
    [':method', 'CONNECT'],
    [':scheme', 'https'],
    [':authority', 'a.test'],
    [':path', '/chat'],
    [':protocol', 'websocket'],
    ['cookie', 'a=1'],
    ['x-one', '1'],
    ['cookie', 'b=2'],
    ['x-one', '2'],
  ].flat();
  expect(readRequestHead(flat)).toEqual({
    method: 'CONNECT',
    scheme: 'https',
    authority: 'a.test',
    path: '/chat',
    protocol: 'websocket',
    headers: [
      ['cookie', 'a=1; b=2'],
      ['x-one', '1'],
      ['x-one', '2'],
    ],
    bytes: flat.join('').length + 9 * 32,
  });
  expect(readRequestHead([])).toMatchObject({ method: 'GET', path: '', authority: undefined });
});

test.each([
  ['X-Ä', '1'],
  ['x y', '1'],
  [':path', '/'],
  ['x', 'a\0set-cookie\0b'],
  ['x', 'a\r\nb'],
])('%j: %j is no header that can be sent', (name, value) => {
  expect(() => http2Headers([[name, value]])).toThrow(TypeError);
});

test('an answer of HTTP/1 loses what frames it there', () => {
  const headers = [
    ['Connection', 'keep-alive, X-Hop'],
    ['Keep-Alive', 'timeout=5'],
    ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'h2c'],
    ['X-Hop', '1'],
    ['Trailer', 'X-Sum'],
    ['X-A', '1'],
    ['Set-Cookie', 'b'],
    ['set-cookie', 'c'],
  ] as const;
  expect(http2Headers(headers)).toEqual([
    ['trailer', 'X-Sum'],
    ['x-a', '1'],
    ['set-cookie', 'b'],
    ['set-cookie', 'c'],
  ]);
  expect(fieldsOf(headers)).toEqual({ trailer: ['X-Sum'], 'x-a': ['1'], 'set-cookie': ['b', 'c'] });
});
