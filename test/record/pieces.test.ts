import { describe, expect, test } from '@jest/globals';
import type { Headers } from '../../src/exchange/headers.ts';
import type { ResponseHead } from '../../src/exchange/http.ts';
import { createPieces, piecesMax, streamsByType } from '../../src/record/pieces.ts';

const head = (headers: Headers, httpVersion = '1.1'): ResponseHead => ({
  status: 200,
  statusText: 'OK',
  httpVersion,
  headers,
});
const chunked: Headers = [['Transfer-Encoding', 'chunked']];
const length: Headers = [['Content-Length', '9']];

function chunksOf(of: ResponseHead, waits: readonly number[]) {
  const pieces = createPieces(of);
  let atMs = 0;
  for (const waitedMs of waits) pieces.add({ atMs: (atMs += waitedMs), bytes: 3, waitedMs });
  return pieces.chunks();
}

describe('each piece matters', () => {
  test.each<[string, ResponseHead]>([
    ['of a chunked body', head(chunked)],
    ['of a body of HTTP/2 without a length', head([], '2.0')],
    ['of server-sent events', head([['content-type', 'text/event-stream; charset=utf-8']])],
    [
      'of lines of JSON, whatever their length',
      head([['Content-Type', 'application/x-ndjson'], ...length]),
    ],
  ])('%s', (_of, one) => {
    expect(chunksOf(one, [1, 0, 200])).toEqual([
      { atMs: 1, bytes: 3 },
      { atMs: 1, bytes: 3 },
      { atMs: 201, bytes: 3 },
    ]);
  });
});

describe('only a pause matters', () => {
  test.each<[string, ResponseHead]>([
    ['in a body of known length', head(length)],
    ['in a body that ends with its connection', head([], '1.0')],
    ['in a body of HTTP/2 with a length', head(length, '2.0')],
  ])('%s', (_of, one) => {
    expect(chunksOf(one, [300, 0, 1])).toEqual([]);
    expect(chunksOf(one, [1, 0, 200, 3])).toEqual([
      { atMs: 1, bytes: 6 },
      { atMs: 201, bytes: 6 },
    ]);
  });
});

test('one piece is none, however it is framed', () => {
  expect(chunksOf(head(chunked), [5])).toEqual([]);
  expect(chunksOf(head(chunked), [])).toEqual([]);
});

test('pieces are bounded; the last one has the bytes of the rest', () => {
  const pieces = createPieces(head(chunked));
  for (let place = 0; place < piecesMax + 5; place += 1) {
    pieces.add({ atMs: place, bytes: 1, waitedMs: 0 });
  }
  expect(pieces.chunks()).toHaveLength(piecesMax);
  expect(pieces.chunks().at(-1)).toEqual({ atMs: piecesMax - 1, bytes: 6 });
});

test('what streams by its type is known by its type', () => {
  expect(streamsByType(head([['CONTENT-TYPE', 'Text/Event-Stream;charset=utf-8']]))).toBe(true);
  expect(streamsByType(head([['content-type', 'text/html']]))).toBe(false);
  expect(streamsByType(head([]))).toBe(false);
});
