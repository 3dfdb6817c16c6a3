import { expect, test } from '@jest/globals';
import type { Headers } from '../../src/exchange/headers.ts';
import {
  endToEnd,
  flatHeaders,
  headersFromFlat,
  headerTokens,
  headerValue,
  headerValues,
} from '../../src/exchange/headers.ts';

const headers: Headers = [
  ['Set-Cookie', 'a'],
  ['X', '1, TWO,, 3 '],
  ['set-cookie', 'b'],
  ['x', 'four'],
];

test('flat lists and pairs are two spellings of one thing', () => {
  const flat = ['Set-Cookie', 'a', 'X', '1, TWO,, 3 ', 'set-cookie', 'b', 'x', 'four'];
  expect(headersFromFlat(flat)).toEqual(headers);
  expect(flatHeaders(headers)).toEqual(flat);
  expect(headersFromFlat(['odd'])).toEqual([]);
});

test('values are found without case', () => {
  expect(headerValue(headers, 'SET-COOKIE')).toBe('a');
  expect(headerValue(headers, 'set')).toBeUndefined();
  expect(headerValues(headers, 'Set-Cookie')).toEqual(['a', 'b']);
});

test('tokens are the members of all repetitions', () => {
  expect(headerTokens(headers, 'x')).toEqual(['1', 'two', '3', 'four']);
  expect(headerTokens(headers, 'y')).toEqual([]);
});

test('what belongs to one connection is left out, and what says how a message is framed stays', () => {
  const all: Headers = [
    ['Connection', 'close, X-Own, TE, Upgrade'],
    ['X-Own', '1'],
    ['Keep-Alive', 'timeout=5'],
    ['Proxy-Connection', 'keep-alive'],
    ['Proxy-Authorization', 'secret'],
    ['Proxy-Authenticate', 'Basic'],
    ['TE', 'trailers'],
    ['Transfer-Encoding', 'chunked'],
    ['Trailer', 'x'],
    ['Upgrade', 'websocket'],
    ['Host', 'h'],
  ];
  expect(endToEnd(all).map(([name]) => name)).toEqual([
    'TE',
    'Transfer-Encoding',
    'Trailer',
    'Upgrade',
    'Host',
  ]);
});
