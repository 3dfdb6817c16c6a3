import { describe, expect, test } from '@jest/globals';
import type { RecordedRequest } from '../../src/exchange/interaction.ts';
import {
  bodyDigest,
  digestBody,
  normalisePath,
  recordedDigest,
  signatureKey,
  unreadBody,
} from '../../src/cassette/signature.ts';
import { example } from './samples.ts';

const key = (method: string, path: string): string =>
  signatureKey({ kind: 'http', head: { method, path }, destination: example });

describe('equal signatures', () => {
  test.each([
    ['/a?b=1&c=2', '/a?c=2&b=1'],
    ['/a?b=1&c=2&b=0', '/a?b=1&b=0&c=2'],
    ['/%c3%a4?b=%2f', '/%C3%A4?b=%2F'],
    ['/a?&b', '/a?b&'],
  ])('%s and %s', (one, other) => expect(key('GET', one)).toBe(key('GET', other)));
});

describe('different signatures', () => {
  test.each([
    ['/a', '/A'],
    ['/a?b=1&b=2', '/a?b=2&b=1'],
    ['/a?', '/a'],
    ['/a?b', '/a?b='],
    ['/a?b=%2f', '/a?b=/'],
    ['/a?b=+', '/a?b=%20'],
    ['/a/', '/a'],
    ['/a?b=1', '/a?B=1'],
  ])('%s and %s', (one, other) => expect(key('GET', one)).not.toBe(key('GET', other)));

  test('of methods, kinds, schemes, hosts and ports', () => {
    const head = { method: 'GET', path: '/' };
    const keys = [
      signatureKey({ kind: 'http', head, destination: example }),
      signatureKey({ kind: 'http', head: { ...head, method: 'get' }, destination: example }),
      signatureKey({ kind: 'websocket', head, destination: example }),
      signatureKey({ kind: 'http', head, destination: { ...example, secure: false } }),
      signatureKey({ kind: 'http', head, destination: { ...example, host: 'example.net' } }),
      signatureKey({ kind: 'http', head, destination: { ...example, port: 444 } }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

test('the address that a name stood for does not count', () => {
  const head = { method: 'GET', path: '/' };
  const dialled = { ...example, address: '10.0.0.1' };
  expect(signatureKey({ kind: 'http', head, destination: dialled })).toBe(key('GET', '/'));
});

test('a path without query and escapes is left as it is', () => {
  expect(normalisePath('/a&c&b')).toBe('/a&c&b');
  expect(normalisePath('/a&c?b&a')).toBe('/a&c?a&b');
});

test('an empty body and an absent one have the same digest', () => {
  expect(bodyDigest(undefined)).toBe('');
  expect(bodyDigest(Buffer.alloc(0))).toBe('');
  expect(bodyDigest(Buffer.from('a'))).toHaveLength(64);
});

function interactionOf(request: Partial<RecordedRequest>) {
  const bare = { method: 'PUT', destination: example, path: '/', httpVersion: '1.1', headers: [] };
  return { kind: 'http', request: { ...bare, ...request } } as const;
}

describe('a request that lies in a file', () => {
  const stored = { sha256: 'f'.repeat(64), bytes: 3, async *read() {} };
  const request = interactionOf({ stored });

  test('has the digest that names its file', () => {
    expect(recordedDigest(request)).toBe(stored.sha256);
  });

  test('has to be read where it has boundaries', () => {
    const headers = [['Content-Type', 'multipart/form-data; boundary=x']] as const;
    expect(recordedDigest(interactionOf({ stored, headers }))).toBe(unreadBody);
  });

  test('matches any body where it is partial', () => {
    expect(recordedDigest(interactionOf({ stored, partial: true }))).toBe('*');
  });
});

test('a boundary does not count, in whatever pieces a body comes', () => {
  const headers = (boundary: string) =>
    [['content-type', `multipart/mixed; boundary="${boundary}"`]] as const;
  const one = bodyDigest(Buffer.from('--a\r\n\r\nx\r\n--a--'), headers('a'));
  const digesting = digestBody(headers('bcd'));
  for (const letter of '--bcd\r\n\r\nx\r\n--bcd--') digesting.update(Buffer.from(letter));
  expect(digesting.digest()).toBe(one);
  expect(bodyDigest(Buffer.from('--a\r\n\r\ny\r\n--a--'), headers('a'))).not.toBe(one);
  expect(digestBody(headers('a')).digest()).toBe('');
});
