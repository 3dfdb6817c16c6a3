import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { beginsOldHello, readOldHello } from '../../src/intake/old-hello.ts';
import { dial, next, openTunnel, withIntake } from './tools.ts';

/** A hello as Java 6 sends it: suites of three bytes, one of them of SSL 2, and a challenge. */
function oldHello(suites: readonly number[], version = 0x03_01): Buffer {
  const specs = Buffer.alloc(suites.length * 3);
  for (const [at, suite] of suites.entries()) specs.writeUIntBE(suite, at * 3, 3);
  const head = Buffer.from([0x80, 0, 1, 0, 0, 0, specs.length, 0, 0, 0, 16]);
  head.writeUInt16BE(version, 3);
  head[1] = 9 + specs.length + 16;
  return Buffer.concat([head, specs, randomBytes(16)]);
}

const suites = [0x00_00_2f, 0x00_00_35, 0x01_00_80, 0x00_c0_13];

test('is read, without the suites of SSL 2', () => {
  expect(readOldHello(oldHello(suites))).toEqual({
    hello: { alpn: [] },
    marks: { ciphers: [0x2f, 0x35, 0xc0_13], extensions: [], version: 0x03_01 },
  });
});

test('is asked for until it is whole, and what follows does not matter', () => {
  const hello = oldHello(suites);
  for (let cut = 1; cut < hello.length; cut++) {
    expect(beginsOldHello(hello.subarray(0, cut))).toBe(cut < 5 ? 'more' : true);
    expect(readOldHello(hello.subarray(0, cut))).toBe('more');
  }
  expect(readOldHello(Buffer.concat([hello, hello]))).toEqual(readOldHello(hello));
});

test('whose lengths do not add up is broken', () => {
  for (const at of [1, 6, 8, 10]) {
    const hello = oldHello(suites);
    hello.writeUInt8(hello.readUInt8(at) + 1, at);
    expect(readOldHello(hello)).toBe('broken');
  }
});

test('other bytes begin none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 5, maxLength: 60 }), (bytes) => {
      const isOne = bytes[0] === 0x80 && bytes[2] === 1 && bytes[3] === 3;
      if (!isOne) expect(beginsOldHello(Buffer.from(bytes))).toBe(false);
    }),
  );
});

test('is answered in TLS 1.0, alone and in a tunnel', async () => {
  await withIntake({}, async (stage) => {
    const { socket: tunnel } = await openTunnel(stage.port, 'a.test:443');
    for (const client of [tunnel, await dial(stage.port)]) {
      client.write(oldHello(suites));
      const said = Buffer.from(await next(client), 'latin1');
      // A handshake record of TLS 1.0 with a ServerHello (RFC 2246, 7.4.1.3).
      expect([...said.subarray(0, 3), said[5]]).toEqual([22, 3, 1, 2]);
      client.destroy();
    }
  });
});
