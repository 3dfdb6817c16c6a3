import { describe, expect, test } from '@jest/globals';
import type { ReadHello } from '../../src/intake/client-hello.ts';
import { parseClientHello } from '../../src/intake/client-hello.ts';
import { runtimeOf } from '../../src/intake/runtime.ts';
import { helloNames, helloOf } from './hellos.ts';

/** What stands in the hello that a real program sent. */
function realHello(name: string): ReadHello {
  const read = parseClientHello(helloOf(name));
  if (typeof read === 'string') throw new Error(`${name} is ${read}`);
  return read;
}

const programs = {
  curl: 'curl',
  git: 'GnuTLS',
  go: 'Go',
  'java-httpclient': 'Java',
  'java-urlconnection': 'Java',
  'node-20-fetch': 'Node',
  'node-20-https': 'Node',
  'node-26-fetch': 'Node',
  'node-26-https': 'Node',
  'openssl-s_client': 'OpenSSL',
  'python-aiohttp': 'Python',
  'python-httpx': 'Python',
  'python-requests': 'Python',
  'python-urllib': 'Python',
  'rust-ureq': 'rustls',
  wget: 'GnuTLS',
} as const;

describe('a real hello tells the runtime', () => {
  test.each(Object.entries(programs))('of %s: %s', (name, runtime) => {
    const { marks, hello } = realHello(name);
    expect(runtimeOf(marks, hello)).toBe(runtime);
  });

  test('and each that was kept is tried', () => {
    expect(helloNames().toSorted()).toEqual(Object.keys(programs).toSorted());
  });
});

describe('the marks of', () => {
  const marks = { ciphers: [0x13_01, 0x13_02, 0x13_03], extensions: [], version: 0x03_04 };

  test.each([
    ['Chromium', 'application settings', [0x0a_0a, 0, 17_613]],
    ['Firefox', 'a record limit and delegated credentials', [0, 34, 28]],
    ['unknown', 'nobody in particular', [0, 10, 13, 28]],
  ])('%s are %s', (runtime, _, extensions) => {
    expect(runtimeOf({ ...marks, extensions }, { alpn: ['h2', 'http/1.1'] })).toBe(runtime);
  });

  test('a program that offers nothing are nobody’s', () => {
    expect(runtimeOf({ ciphers: [], extensions: [], version: 0x03_01 }, { alpn: [] })).toBe(
      'unknown',
    );
  });

  test.each(['node-26-https', 'python-requests', 'curl', 'openssl-s_client'] as const)(
    '%s are the same without TLS 1.3',
    (name) => {
      const { marks: real, hello } = realHello(name);
      const ciphers = real.ciphers.filter((suite) => suite >> 8 !== 0x13);
      const extensions = real.extensions.filter((type) => ![43, 45, 49, 51].includes(type));
      const older = { ciphers, extensions, version: 0x03_03 };
      expect(runtimeOf(older, hello)).toBe(programs[name]);
    },
  );

  test('curl without HTTP/2 are those of any program on OpenSSL', () => {
    const { marks: real } = realHello('curl');
    expect(runtimeOf(real, { alpn: ['http/1.1'] })).toBe('OpenSSL');
  });
});
