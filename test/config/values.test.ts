import { describe, expect, test } from '@jest/globals';
import * as values from '../../src/config/values.ts';

const { ValueError } = values;

describe('a latency', () => {
  test.each([
    ['none', { type: 'none' }],
    ['recorded', { type: 'recorded' }],
    ['fixed:0', { type: 'fixed', ms: 0 }],
    ['fixed:250', { type: 'fixed', ms: 250 }],
    ['fixed:86400000', { type: 'fixed', ms: 86_400_000 }],
    ['scaled:50', { type: 'scaled', percent: 50 }],
    ['scaled:12.5', { type: 'scaled', percent: 12.5 }],
  ])('%s', (text, latency) => {
    expect(values.latency(text)).toEqual(latency);
  });

  test.each([
    '',
    'fixed',
    'fixed:',
    'fixed:-1',
    'fixed:1s',
    'fixed:86400001',
    'scaled:100001',
    'x:1',
  ])('is not "%s"', (text) => {
    expect(() => values.latency(text)).toThrow(ValueError);
  });
});

describe('truth and ports', () => {
  test.each([
    ['true', true],
    ['1', true],
    ['FALSE', false],
    ['0', false],
  ])('%s is %s', (text, expected) => {
    expect(values.truth(text)).toBe(expected);
  });

  test.each([
    ['on', true],
    ['OFF', false],
    ['false', false],
  ])('%s is on: %s', (text, expected) => {
    expect(values.onOff(text)).toBe(expected);
  });

  test('ports are numbers, each once', () => {
    expect(values.ports('8080, 3000,8080,')).toEqual([8080, 3000]);
    expect(values.ports('')).toEqual([]);
  });

  test.each([['yes'], ['']])('truth is not "%s"', (text) => {
    expect(() => values.truth(text)).toThrow(ValueError);
  });

  test.each([['0'], ['65536'], ['80;81'], ['http']])('ports are not "%s"', (text) => {
    expect(() => values.ports(text)).toThrow(ValueError);
  });
});

describe('addresses to listen on', () => {
  test.each([
    ['127.0.0.1,::1', ['127.0.0.1', '::1']],
    [' [::1] , LOCALHOST,', ['::1', 'localhost']],
    ['0.0.0.0,0.0.0.0', ['0.0.0.0']],
  ])('%s', (text, hosts) => {
    expect(values.listenHosts(text)).toEqual(hosts);
  });

  test.each([',', '*', 'http://localhost', '127.0.0.1:8888', 'a b'])('are not "%s"', (text) => {
    expect(() => values.listenHosts(text)).toThrow(ValueError);
  });
});

describe('an upstream proxy', () => {
  test.each([
    ['http://proxy', { secure: false, host: 'proxy', port: 80 }],
    ['https://Proxy.Example', { secure: true, host: 'proxy.example', port: 443 }],
    ['http://[::1]:3128/', { secure: false, host: '::1', port: 3128 }],
  ])('%s', (text, proxy) => {
    expect(values.upstreamProxy(text)).toEqual(proxy);
  });

  test.each([
    ['http://me:p%40ss@proxy', 'me:p@ss'],
    ['http://me@proxy', 'me:'],
    ['http://me:100%@proxy', 'me:100%'],
    ['http://m%C3%A9:x@proxy', 'mé:x'],
  ])('%s has credentials', (text, pair) => {
    expect(values.upstreamProxy(text)?.credentials).toBe(pair);
  });
});

describe('hosts', () => {
  test('are lower-case names, addresses and patterns', () => {
    expect(values.hostPatterns('A.Example,*.b.example,*,[::1],10.0.0.1')).toEqual([
      'a.example',
      '*.b.example',
      '*',
      '::1',
      '10.0.0.1',
    ]);
    expect(() => values.hostPatterns('https://a.example')).toThrow(ValueError);
    expect(() => values.hostPatterns('a.example:443')).toThrow(ValueError);
  });

  test('to reach without the proxy may be suffixes and ranges', () => {
    expect(values.noProxy('.corp.example,10.0.0.0/8,LOCALHOST,fd00::/8')).toEqual([
      '*.corp.example',
      '10.0.0.0/8',
      'localhost',
      'fd00::/8',
    ]);
    expect(() => values.noProxy('http://x')).toThrow(ValueError);
  });
});

describe('a path', () => {
  test('has no NUL', () => {
    expect(values.path('./a b')).toBe('./a b');
    expect(() => values.path('a\0b')).toThrow(ValueError);
  });

  test('of a cassette stays in its folder', () => {
    expect(values.cassetteName('login/ok..v2')).toBe('login/ok..v2');
    for (const text of ['..', 'a/..', '/a', String.raw`a\..\b`, 'c:x']) {
      expect(() => values.cassetteName(text)).toThrow(ValueError);
    }
  });
});

describe('files', () => {
  test('are named, and not read', () => {
    expect(values.files('/no/such.pem, b.pem,')).toEqual(['/no/such.pem', 'b.pem']);
    expect(values.files('')).toEqual([]);
    expect(() => values.files('a\0b')).toThrow(ValueError);
  });
});
