import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { detect } from '../../src/intake/detect.ts';
import { helloBytes } from './tools.ts';

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

describe('the first bytes', () => {
  test.each([
    ['', 'more'],
    ['G', 'more'],
    ['GET', 'more'],
    ['GET ', 'more'],
    ['GET /', 'http'],
    ['GET / HTTP/1.1\r\n', 'http'],
    ['GET http://a.test/ HTTP/1.1', 'http'],
    ['GET nonsense', 'http'],
    ['get / HTTP/1.1', 'http'],
    ['OPTIONS * HTTP/1.1', 'http'],
    ['PROPFIND /dav HTTP/1.1', 'http'],
    ['M-SEARCH * HTTP/1.1', 'http'],
    ['VERSION-CONTROL http://a.test/', 'http'],
    ['PROPFIND ht', 'more'],
    ['PROPFIND https:/', 'more'],
    ['PROPFIND ftp://a', 'raw'],
    ['CONNECT a.test:443 HTTP/1.1', 'http'],
    ['CONNECT [::1]:443 HTTP/1.1', 'http'],
    ['CONNECT 10.0.0.1:443 HTTP/1.1', 'http'],
    ['CONNECT ', 'more'],
    ['CONNECT {"verbose":false}', 'raw'],
    ['CONNECT\naccept-version:1.2', 'raw'],
    ['\r\n', 'more'],
    ['\r\n\r', 'more'],
    ['\r\n\r\nGET / HTTP/1.1', 'http'],
    ['\nPOST / HTTP/1.1', 'http'],
    ['\rX', 'raw'],
    ['\r\n'.repeat(9), 'raw'],
    [`${'A'.repeat(24)} /`, 'http'],
    ['A'.repeat(24), 'more'],
    ['A'.repeat(25), 'raw'],
    ['GET  /', 'raw'],
    ['GET\t/', 'raw'],
    ['GET \x01', 'raw'],
    [' GET /', 'raw'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2'],
    ['PRI * HTTP/2.0\r\n', 'more'],
    ['PRI * HTTP/1.1\r\n', 'http'],
    ['SSH-2.0-OpenSSH_9.2', 'more'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'raw'],
    ['SSH-2.0-x Debian-2\r\n', 'raw'],
    ['EHLO example.org\r\n', 'raw'],
    ['USER bob\r\n', 'raw'],
    ['*1\r\n$4\r\nPING\r\n', 'raw'],
    ['PING\r\n', 'raw'],
    ['{"json":1}', 'raw'],
    ['\u0080', 'more'],
    ['\u0080\u002e\u0001\u0003', 'more'],
    ['\u0080\u002e\u0001\u0003\u0001', 'tls'],
    ['\u0080\u002e\u0001\u0002', 'raw'],
    ['\u0080\u0005', 'raw'],
    ['\u0081', 'raw'],
    ['AMQP\0\0\u0009\u0001', 'raw'],
    ['\0\0\0\u0008\u0004\u00d2\u0016\u002f', 'raw'],
    ['\u0010\u000c\0\u0004MQTT', 'raw'],
    ['\u0016', 'more'],
    ['\u0016\u0003', 'more'],
    ['\u0016\u0003\u0001', 'tls'],
    ['\u0016\u0003\u0003\0', 'tls'],
    ['\u0016\u0002\u0001', 'raw'],
    ['\u0016\u0003\u0009', 'raw'],
  ])('%j are %s', (text, expected) => {
    const detected = detect(latin1(text));
    expect(detected === 'more' ? detected : detected.kind).toBe(expected);
  });
});

const beginnings = fc.constantFrom(
  'GET / HTTP/1.1\r\nHost: a\r\n',
  '\r\n\r\nPOST http://a.test/ HTTP/1.0\r\n',
  'CONNECT a.test:443 HTTP/1.1\r\n',
  'PROPPATCH https://a.test/x HTTP/1.1',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n',
  helloBytes({ serverName: 'a.test' }).toString('latin1'),
);
const anything = fc.uint8Array({ maxLength: 90 }).map((bytes) => Buffer.from(bytes));
const textual = fc.string({ maxLength: 90 }).map((text) => latin1(text));
const spoilt = fc
  .tuple(beginnings, fc.nat(60), fc.integer({ min: 0, max: 255 }))
  .map(([text, at, byte]) => {
    const bytes = latin1(text);
    bytes[at % bytes.length] = byte;
    return bytes;
  });

test('any split of the same bytes gives the same answer', () => {
  fc.assert(
    fc.property(fc.oneof(anything, textual, spoilt, beginnings.map(latin1)), (bytes) => {
      const whole = detect(bytes);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const early = detect(bytes.subarray(0, cut));
        if (early !== 'more') expect(early).toEqual(whole);
      }
    }),
    { numRuns: 500 },
  );
});

test('64 bytes always settle it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
        fc.string({ minLength: 64, maxLength: 64 }).map(latin1),
        fc
          .stringMatching(/^[\r\n]{0,16}[A-Z]{1,24} [a-z:/]{40,60}$/)
          .map((text) => latin1(text.padEnd(64))),
      ),
      (bytes) => {
        expect(detect(bytes)).not.toBe('more');
      },
    ),
  );
});
