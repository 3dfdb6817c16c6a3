import { describe, expect, test } from '@jest/globals';
import type { Headers } from '../../src/exchange/headers.ts';
import {
  announcedLength,
  asksForUpgrade,
  asksForWebSocket,
  isChunked,
  mayHaveBody,
} from '../../src/exchange/http.ts';

test.each([
  ['GET', 200, true],
  ['POST', 404, true],
  ['HEAD', 200, false],
  ['GET', 204, false],
  ['GET', 304, false],
  ['GET', 103, false],
])('%s with %i has a body: %s', (method, status, expected) => {
  expect(mayHaveBody(method, status)).toBe(expected);
});

test.each<[Headers, number | undefined, boolean]>([
  [[], undefined, false],
  [[['content-length', '12']], 12, false],
  [[['Content-Length', ' 0 ']], 0, false],
  [[['Content-Length', '1e3']], undefined, false],
  [[['Content-Length', '-1']], undefined, false],
  [[['Transfer-Encoding', 'Chunked']], undefined, true],
  [[['Transfer-Encoding', 'gzip, chunked']], undefined, true],
  [[['Transfer-Encoding', 'gzip']], undefined, false],
  [
    [
      ['Content-Length', '1'],
      ['Transfer-Encoding', 'chunked'],
    ],
    undefined,
    true,
  ],
])('%j announces %p, chunked: %s', (headers, length, chunked) => {
  expect(announcedLength(headers)).toBe(length);
  expect(isChunked(headers)).toBe(chunked);
});

test('a WebSocket is asked for with GET, the upgrade and a key', () => {
  const headers: Headers = [
    ['Upgrade', 'h2c, WebSocket'],
    ['sec-websocket-key', 'k'],
  ];
  const head = { method: 'GET', path: '/', httpVersion: '1.1', headers };
  expect(asksForWebSocket(head)).toBe(true);
  expect(asksForWebSocket({ ...head, method: 'POST' })).toBe(false);
  expect(asksForWebSocket({ ...head, headers: headers.slice(1) })).toBe(false);
  expect(asksForWebSocket({ ...head, headers: headers.slice(0, 1) })).toBe(false);
});

describe('asks for an upgrade', () => {
  const head = (upgrade: string, connection = 'Upgrade', httpVersion = '1.1') => ({
    method: 'POST',
    path: '/',
    httpVersion,
    headers: [
      ['Connection', connection],
      ['Upgrade', upgrade],
    ] as const,
  });
  test.each([
    [head('tcp'), true],
    [head('SPDY/3.1', 'keep-alive, upgrade'), true],
    // HTTP that nobody would read.
    [head('h2c'), false],
    [head('h2, h2c'), false],
    // A WebSocket's has a way of its own.
    [head('websocket'), false],
    [head('tcp', 'keep-alive'), false],
    [head('tcp', 'Upgrade', '1.0'), false],
    [head(''), false],
  ])('%j: %s', (asked, expected) => {
    expect(asksForUpgrade(asked)).toBe(expected);
  });
});
