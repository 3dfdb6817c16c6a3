import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { helloBytesMax, parseClientHello } from '../../src/intake/client-hello.ts';
import { helloBytes, records } from './tools.ts';

describe('a hello', () => {
  test.each([
    ['of nothing', {}, { alpn: [] }],
    ['with a name', { serverName: 'Example.ORG' }, { serverName: 'example.org', alpn: [] }],
    ['with a final dot', { serverName: 'a.test.' }, { serverName: 'a.test', alpn: [] }],
    ['with an underscore', { serverName: 'a_b.test' }, { serverName: 'a_b.test', alpn: [] }],
    ['with a name that is none', { serverName: 'a b\0' }, { alpn: [] }],
    ['with protocols', { alpn: ['h2', 'http/1.1'] }, { alpn: ['h2', 'http/1.1'] }],
    [
      'in many records',
      { serverName: 'a.test', recordBytes: 9 },
      { serverName: 'a.test', alpn: [] },
    ],
    ['of 16 KiB', { serverName: 'a.test', padding: 16_000 }, { serverName: 'a.test', alpn: [] }],
  ])('%s', (_, parts, hello) => {
    expect(parseClientHello(helloBytes(parts))).toMatchObject({ hello });
  });

  test('of TLS 1.2 without extensions', () => {
    const body = Buffer.concat([
      Buffer.from([1, 0, 0, 41, 3, 3]),
      Buffer.alloc(32),
      Buffer.from([0, 0, 2, 0, 47, 1, 0]),
    ]);
    expect(parseClientHello(records(body))).toEqual({
      hello: { alpn: [] },
      marks: { ciphers: [47], extensions: [], version: 0x0303 },
    });
  });

  test('with its marks, made-up versions left out', () => {
    const read = parseClientHello(helloBytes({ serverName: 'a.test', alpn: ['h2'] }));
    expect(read).toMatchObject({
      marks: { ciphers: [0x13_01], extensions: [43, 0, 16], version: 0x03_04 },
    });
    const greased = parseClientHello(helloBytes({ versions: [0x4a_4a, 0x03_02, 0x03_01] }));
    expect(greased).toMatchObject({ marks: { version: 0x03_02 } });
    const nothing = parseClientHello(helloBytes({ versions: [0x4a_4a] }));
    expect(nothing).toMatchObject({ marks: { version: 0x03_03 } });
  });

  test('of a real client', async () => {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const server = createServer((socket) => {
        socket.once('data', (data: Buffer) => {
          socket.destroy();
          server.close(() => resolve(data));
        });
      });
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        const socket = connect(port, '127.0.0.1');
        const names = { servername: 'real.test', ALPNProtocols: ['h2', 'http/1.1'] };
        connectTls({ socket, ...names }).on('error', () => {});
        socket.on('error', reject);
      });
    });
    const hello = { serverName: 'real.test', alpn: ['h2', 'http/1.1'] };
    expect(parseClientHello(bytes)).toMatchObject({ hello });
  });

  test('is asked for until it is whole, wherever it is cut, and what follows does not matter', () => {
    fc.assert(
      fc.property(
        fc.record({
          serverName: fc.domain(),
          alpn: fc.array(fc.constantFrom('h2', 'http/1.1', 'x'), { minLength: 1 }),
          padding: fc.nat(600),
          recordBytes: fc.integer({ min: 1, max: 700 }),
        }),
        fc.uint8Array({ maxLength: 20 }),
        (parts, after) => {
          const bytes = helloBytes(parts);
          const hello = { serverName: parts.serverName.toLowerCase(), alpn: parts.alpn };
          for (let cut = 0; cut < bytes.length; cut++) {
            if (parseClientHello(bytes.subarray(0, cut)) !== 'more') return false;
          }
          expect(parseClientHello(Buffer.concat([bytes, after]))).toMatchObject({ hello });
          return true;
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('no hello', () => {
  const good = helloBytes({ serverName: 'a.test' });
  test.each([
    ['another record', Buffer.from([23, 3, 1, 0, 5, 1, 2, 3, 4, 5])],
    ['another version', Buffer.from([22, 2, 0, 0, 5])],
    ['another message', records(Buffer.from([2, 0, 0, 1, 0]))],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
    ['a record of more than 16 KiB', Buffer.from([22, 3, 1, 0x40, 1])],
    ['a message of more than 16 KiB', records(Buffer.from([1, 0, 0x40, 1]))],
    [
      'a record of another kind in the midst',
      Buffer.concat([good.subarray(0, 0), records(Buffer.from([1, 0, 1, 0])), Buffer.from([21])]),
    ],
    [
      'fields that reach past the end',
      records(
        Buffer.concat([Buffer.from([1, 0, 0, 35, 3, 3]), Buffer.alloc(32), Buffer.from([9])]),
      ),
    ],
    ['text', records(Buffer.from('\u0001\0\0\u0005hello', 'latin1'))],
  ])('%s', (_, bytes) => {
    expect(parseClientHello(bytes)).toBe('broken');
  });

  test('a hello whose records waste more than a hello may have', () => {
    const wasteful = helloBytes({ padding: 4000, recordBytes: 1 });
    expect(parseClientHello(wasteful)).toBe('broken');
    expect(parseClientHello(wasteful.subarray(0, helloBytesMax - 1))).toBe('more');
    expect(parseClientHello(wasteful.subarray(0, helloBytesMax))).toBe('broken');
  });

  test('any bytes: what is said of some of them is said of all that begin with them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(200), (noise, at) => {
        const bytes = Buffer.from(helloBytes({ serverName: 'a.test', recordBytes: 50 }));
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        const whole = parseClientHello(bytes);
        for (let cut = 0; cut < bytes.length; cut++) {
          const early = parseClientHello(bytes.subarray(0, cut));
          if (early !== 'more') expect(early).toEqual(whole);
        }
      }),
    );
  });
});
