import { describe, expect, test } from '@jest/globals';
import {
  authorityOf,
  originOf,
  parseAuthority,
  urlHost,
  usualAuthority,
} from '../../src/exchange/destination.ts';

describe('an authority', () => {
  test.each([
    ['example.org:80', undefined, { host: 'example.org', port: 80 }],
    ['Example.ORG', 443, { host: 'example.org', port: 443 }],
    ['[::1]:8080', undefined, { host: '::1', port: 8080 }],
    ['[FE80::1]', 80, { host: 'fe80::1', port: 80 }],
    ['127.0.0.1:65535', undefined, { host: '127.0.0.1', port: 65_535 }],
  ])('%s', (authority, defaultPort, expected) => {
    expect(parseAuthority(authority, defaultPort)).toEqual(expected);
  });

  test.each([
    '',
    ':80',
    'example.org',
    'example.org:',
    'example.org:0',
    'example.org:65536',
    'example.org:-1',
    'example.org:80:80',
    '::1:80',
    '[::1',
    'a b:80',
    'user@example.org:80',
    'example.org/path:80',
    'example.org:80#',
  ])('%j is none', (authority) => {
    expect(parseAuthority(authority)).toBeUndefined();
  });
});

test('a host in a URL has brackets where it is an IPv6 address', () => {
  expect(urlHost('example.org')).toBe('example.org');
  expect(urlHost('::1')).toBe('[::1]');
  expect(authorityOf({ host: '::1', port: 80 })).toBe('[::1]:80');
});

test.each([
  [{ host: 'h', port: 80, secure: false }, 'http://h', 'ws://h'],
  [{ host: 'h', port: 443, secure: true }, 'https://h', 'wss://h'],
  [{ host: 'h', port: 443, secure: false }, 'http://h:443', 'ws://h:443'],
  [{ host: '::1', port: 80, secure: true }, 'https://[::1]:80', 'wss://[::1]:80'],
])('the origin of %j', (destination, http, websocket) => {
  expect(originOf(destination)).toBe(http);
  expect(originOf(destination, 'websocket')).toBe(websocket);
  expect(usualAuthority(destination)).toBe(http.replace(/^https?:\/\//, ''));
});
