import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { readVersionOne } from '../../src/cassette/version-one.ts';

const recorded_at = '2025-10-10T14:30:00Z';
const request = { method: 'GET', url: 'http://example.org/#part', headers: {}, body: null };

function read(...interactions: readonly unknown[]) {
  return readVersionOne({ version: '1.0', recorded_at, interactions }, 'f').interactions;
}

function answered(headers: object, body: unknown, status = 200) {
  return read({ request, response: { status, headers, body } })[0]?.response;
}

describe('the headers are made to fit the whole body', () => {
  test.each([
    ['chunked', { 'Transfer-Encoding': 'chunked' }, 'abc', [['content-length', '3']]],
    ['chunked, empty', { 'transfer-encoding': 'chunked' }, null, [['content-length', '0']]],
    ['a wrong length', { 'Content-Length': '9' }, 'abc', [['Content-Length', '3']]],
    ['decoded', { 'content-encoding': 'gzip' }, 'abc', []],
    ['empty', { 'content-encoding': 'gzip' }, null, [['content-encoding', 'gzip']]],
    [
      'repeated',
      { a: ['1', '2'] },
      null,
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
  ])('%s', (...[_what, headers, body, expected]) => {
    expect(answered(headers, body)?.headers).toEqual(expected);
  });

  test('but what is encoded stays so', () => {
    const body = [...gzipSync('abc')];
    const response = answered({ 'content-encoding': 'gzip' }, body);
    expect(response?.headers).toEqual([['content-encoding', 'gzip']]);
    expect(response?.body).toEqual(Buffer.from(body));
  });

  test('and 204 gets no length', () => {
    const headers = { 'transfer-encoding': 'chunked' };
    expect(answered(headers, null, 204)?.headers).toEqual([['transfer-encoding', 'chunked']]);
  });
});

test.each([
  ['DnsResolutionFailed', { type: 'dns', code: 'ENOTFOUND' }],
  ['ConnectionRefused', { type: 'refused' }],
  ['Timeout', { type: 'timedOut' }],
  ['TlsError', { type: 'tls', code: 'UNKNOWN', reason: 'why' }],
  ['ConnectionReset', { type: 'reset', by: 'server' }],
  ['TooManyRedirects', { type: 'cut', by: 'server' }],
  ['Other', { type: 'cut', by: 'server' }],
])('the error %s ended as %j', (error_type, ending) => {
  const [interaction] = read({ type: 'HttpError', request, error: { error_type, message: 'why' } });
  expect(interaction?.ending).toEqual(ending);
  expect(interaction?.response).toBeUndefined();
});

test('times are ours, and inherited where an interaction has none', () => {
  const [own, none, odd] = read(
    { request, response: { status: 200 }, recorded_at: '2025-10-10T16:30:01+02:00' },
    { request, response: { status: 200 } },
    { request, response: { status: 200 }, recorded_at: 'yesterday' },
  );
  expect(own?.startedAt).toBe('2025-10-10T14:30:01.000Z');
  expect(none?.startedAt).toBe('2025-10-10T14:30:00.000Z');
  expect(odd?.startedAt).toBe('2025-10-10T14:30:00.000Z');
});

test('a session without a close frame ended in order', () => {
  const [session] = read({ url: 'ws://example.org', messages: [], close_frame: null });
  expect(session).toMatchObject({
    kind: 'websocket',
    request: { path: '/', destination: { port: 80, secure: false } },
    response: { status: 101 },
    ending: { type: 'closed', code: 1000 },
  });
});

describe('a fault is named by its place', () => {
  test.each([
    [{ type: 'Ftp' }, 'f: interactions[0].type: is none of Http'],
    [{ request }, '.response: is no object'],
    [{ request: { ...request, url: 'x' }, response: { status: 1 } }, '.request.url: is no http'],
    [{ request: { ...request, headers: { a: 1 } } }, '.request.headers.a: is no text'],
    [{ request: { ...request, body: [256] } }, '.request.body: has an entry that is no byte'],
    [{ request: { ...request, body: { a: 1 } } }, '.request.body: is no list'],
    [{ url: 'ws://a', messages: [{ direction: 'Up' }] }, '.messages[0].direction: is none of'],
  ])('case %#', (broken, words) => expect(() => read(broken)).toThrow(words));
});
