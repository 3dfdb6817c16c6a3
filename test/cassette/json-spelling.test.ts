import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { jsonSpelling } from '../../src/cassette/json-spelling.ts';
import type { Headers } from '../../src/exchange/headers.ts';

const warnings: string[] = [];
const spelling = jsonSpelling((line) => void warnings.push(line));
const gzip: Headers = [['Content-Encoding', 'gzip']];
const json = Buffer.from('{"a":1}');
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('an encoded answer is written decoded where it can be encoded to the very bytes again', () => {
  const body = gzipSync(json);
  const written = spelling.writeBody(body, { headers: gzip, from: 'server' });
  expect(written).toEqual({ json: { a: 1 }, encoding: 'gzip', sha256: sha256(body) });
  expect(spelling.readBody(written, 'f')).toEqual(body);
  expect(warnings).toEqual([]);
});

test('else it is kept encoded, beside a view that nobody reads back', () => {
  const text = Buffer.from('abcabcabcabc '.repeat(50));
  const body = gzipSync(text, { level: 1 });
  const written = spelling.writeBody(body, { headers: gzip, from: 'server' });
  expect(written).toEqual({
    base64: body.toString('base64'),
    encoding: 'gzip',
    decoded: { text: text.toString() },
  });
  expect(spelling.readBody({ ...Object(written), decoded: 'edited' }, 'f')).toEqual(body);
});

test('a request is never encoded anew, for it is matched by its bytes', () => {
  const body = gzipSync(json);
  expect(spelling.writeBody(body, { headers: gzip, from: 'client' })).toEqual({
    base64: body.toString('base64'),
    encoding: 'gzip',
    decoded: { json: { a: 1 } },
  });
});

test.each([
  ['what says to be gzip and is not', json],
  ['a binary inside', gzipSync(Buffer.from([0, 1, 255]))],
  ['a bomb', gzipSync(Buffer.alloc(2 * 1024 * 1024))],
])('%s is plain base64', (_what, body) => {
  const written = spelling.writeBody(body, { headers: gzip, from: 'server' });
  expect(written).toEqual({ base64: body.toString('base64') });
});

test('a body edited by hand is encoded anew, and said to be', () => {
  const edited = { json: { a: 2 }, encoding: 'gzip', sha256: sha256(gzipSync(json)) };
  expect(spelling.readBody(edited, 'f.body')).toEqual(gzipSync(Buffer.from('{"a":2}')));
  expect(warnings.splice(0)).toEqual([expect.stringContaining('f.body: edited by hand')]);
});

describe('a message', () => {
  test.each([
    ['text', Buffer.from('é\0'), { text: 'é\0' }],
    ['binary', Buffer.from([255]), { base64: '/w==' }],
  ] as const)('of %s', (kind, bytes, expected) => {
    const written = spelling.writeMessage({ from: 'client', atMs: 0, kind, bytes });
    expect(written).toEqual(expected);
    expect(spelling.readMessage(written, 'f')).toEqual(bytes);
  });
});

test.each([
  [{}, 'has none of json, text and base64'],
  [{ base64: 'A' }, 'is no base64'],
  [{ base64: '!!' }, 'is no base64'],
  [{ base64: 1 }, 'is no base64'],
  [{ text: '', encoding: 'lzma' }, 'is none of gzip'],
  [{ text: '', encoding: 1 }, 'is none of gzip'],
  ['text', 'is no object'],
])('the body %j is refused', (body, words) => {
  expect(() => spelling.readBody(body, 'f')).toThrow(words);
});
