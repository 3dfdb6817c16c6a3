import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import type { Answer } from '../../src/exchange/upstream.ts';
import type { Served } from './harness.ts';
import { part, rawClient, until, whole, withWire } from './harness.ts';
import { ended } from './http2-client.ts';
import { frame, getFields, goawayCode, greeting, preface, request } from './http2-frames.ts';

const http2 = { kind: 'http2' } as const;

/** Says bytes on a connection of their own until it is ended; the code of its GOAWAY. */
async function ruin(port: number, bytes: readonly Buffer[]): Promise<number | undefined> {
  const client = await rawClient(port);
  for (const some of bytes) client.send(some);
  const { text } = await client.ended();
  return goawayCode(Buffer.from(text, 'latin1'));
}

/** A client that is busy in a connection of its own while others do their worst. */
async function untouched(served: Served, meanwhile: () => Promise<void>): Promise<void> {
  const client = await rawClient(served.port);
  client.send(Buffer.concat([greeting, request(1)]));
  await client.hears('fine');
  await meanwhile();
  client.send(request(3));
  await until(
    () => client.heard().split('fine').length === 3,
    () => client.heard(),
  );
  expect(client.socket.destroyed).toBe(false);
  client.socket.destroy();
}

const bad: readonly (readonly [string, readonly Buffer[], number | undefined])[] = [
  ['a preface that is none', [Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')], 2],
  ['data on no stream', [greeting, frame('data', { id: 0, payload: Buffer.from('x') })], 1],
  [
    'a frame larger than agreed',
    [greeting, frame('data', { id: 1, payload: Buffer.alloc(20_000) })],
    6,
  ],
  [
    'fields that do not decompress',
    [
      greeting,
      frame('headers', {
        id: 1,
        flags: 5,
        payload: Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      }),
    ],
    9,
  ],
  [
    'a head that never ends',
    [
      greeting,
      frame('headers', { id: 1, payload: getFields }),
      Buffer.concat(
        Array.from({ length: 2000 }, () =>
          frame('continuation', { id: 1, payload: Buffer.from([0x82]) }),
        ),
      ),
    ],
    2,
  ],
];

test.each(bad)('%s ends its connection with a code, and no other', async (_what, bytes, code) => {
  await withWire(
    () => whole('fine'),
    async (served) => {
      await untouched(served, async () => {
        expect(await ruin(served.port, bytes)).toBe(code);
      });
      expect(served.failures.map((failure) => failure.code)).toEqual(['HTTP2_BROKEN']);
      expect(served.exchanges).toHaveLength(2);
    },
    http2,
  );
});

test('streams that are reset as soon as they are opened are too many at some time', async () => {
  const resets = Array.from({ length: 20_000 }, (_, at) => [
    request(2 * at + 1),
    frame('reset', { id: 2 * at + 1, payload: Buffer.from([0, 0, 0, 8]) }),
  ]).flat();
  await withWire(
    () => whole('fine'),
    async (served) => {
      await untouched(served, async () => {
        await ruin(served.port, [greeting, Buffer.concat(resets)]);
      });
      expect(served.failures.map((failure) => failure.code)).toEqual(['HTTP2_BROKEN']);
      expect(served.exchanges.length).toBeLessThan(5000);
    },
    http2,
  );
});

test.each([
  ['PING', frame('ping', { payload: Buffer.alloc(8) })],
  ['SETTINGS', frame('settings')],
])('a client that asks with %s and reads no answer is ended', async (_name, question) => {
  const flood = Buffer.concat(Array.from({ length: 100_000 }, () => question));
  await withWire(
    () => whole('fine'),
    async (served) => {
      await untouched(served, async () => {
        const socket = await silent(served.port);
        socket.write(greeting);
        const before = process.memoryUsage().rss;
        for (let round = 0; round < 40 && !socket.destroyed; round += 1) {
          if (!socket.write(flood))
            await once(socket, 'drain', { signal: AbortSignal.timeout(10_000) }).catch(() => {});
        }
        await until(
          () => served.failures.length === 1,
          () => 'the failure',
        );
        expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
        socket.destroy();
      });
      expect(served.failures.map((failure) => failure.code)).toEqual(['HTTP2_BROKEN']);
    },
    http2,
  );
});

/** A connection whose client never reads. */
async function silent(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket.pause();
}

test('a client that opens its windows wide and reads nothing is sent a bounded part', async () => {
  let made = 0;
  async function* endless(): AsyncGenerator<ReturnType<typeof part>> {
    for (;;) {
      made += 1;
      yield part('x'.repeat(65_536));
    }
  }
  const answer = (): Answer => ended({ type: 'cut', by: 'server' }, endless());
  await withWire(
    answer,
    async ({ port }) => {
      const socket = await silent(port);
      socket.write(Buffer.concat([greeting, request(1), request(3)]));
      let before = -1;
      await until(
        () => {
          const still = made === before;
          before = made;
          return still && made > 0;
        },
        () => 'the sending to stop',
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(made * 65_536).toBeLessThan(32 * 1024 * 1024);
      socket.destroy();
    },
    http2,
  );
});

test('a head of which one byte comes at a time is a head', async () => {
  await withWire(
    () => whole('fine'),
    async ({ port }) => {
      const client = await rawClient(port);
      for (const byte of Buffer.concat([preface, frame('settings'), request(1)])) {
        client.send(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await client.hears('fine');
      client.socket.destroy();
    },
    http2,
  );
});
