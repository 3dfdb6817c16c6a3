import { describe, expect, test } from '@jest/globals';
import { readUrl, writeUrl } from '../../src/cassette/url.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { sample } from './samples.ts';

const asked =
  (...[kind, host, port, secure]: [Interaction['kind'], string, number, boolean]) =>
  (path: string): Interaction => ({
    ...sample(0, { request: { destination: { host, port, secure }, path } }),
    kind,
  });

describe('a request is written', () => {
  test.each([
    [asked('http', 'a.b', 80, false)('/c?d'), { url: 'http://a.b/c?d' }],
    [asked('http', 'a.b', 443, false)('/'), { url: 'http://a.b:443/' }],
    [asked('websocket', 'a.b', 443, true)('/'), { url: 'wss://a.b/' }],
    [asked('http', '::1', 8080, true)('/'), { url: 'https://[::1]:8080/' }],
    [asked('http', 'a.b', 80, false)('*'), { url: 'http://a.b', path: '*' }],
    [asked('http', 'a.b', 80, false)(''), { url: 'http://a.b', path: '' }],
    [asked('connect', 'a.b', 443, true)(''), { url: 'https://a.b' }],
    [asked('stream', 'a.b', 4222, false)(''), { url: 'tcp://a.b:4222' }],
    [asked('stream', '::1', 443, true)(''), { url: 'tls://[::1]:443' }],
  ])('case %#', (interaction, expected) => expect(writeUrl(interaction)).toEqual(expected));
});

describe('a URL is read', () => {
  test.each([
    ['http://A.b', 'a.b', 80, false, ''],
    ['https://a.b/C%20?d=/e?f', 'a.b', 443, true, '/C%20?d=/e?f'],
    ['ws://a.b:81?x', 'a.b', 81, false, '/?x'],
    ['HTTPS://[FE80::1%25eth0]:8443/', 'fe80::1%25eth0', 8443, true, '/'],
    ['http://user:word@a.b/', 'a.b', 80, false, '/'],
    ['tcp://A.b:4222', 'a.b', 4222, false, ''],
    ['tls://[::1]:443', '::1', 443, true, ''],
  ])('%s', (...[url, host, port, secure, path]) => {
    expect(readUrl(url)).toEqual({ destination: { host, port, secure }, path });
  });

  test.each([
    '',
    'a.b/c',
    'ftp://a.b/',
    'http:///x',
    'http://a.b:99999/',
    'http://a b:x/',
    'tcp://a.b',
    'tls://a.b:1/x',
  ])('but %j is none', (url) => expect(readUrl(url)).toBeUndefined());
});
