import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { Ending, Parts } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import { parts, rawClient, until, withWire } from './harness.ts';
import { done, listen, messages, said } from './websocket-client.ts';

const handshake =
  'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

test.each([
  [{ type: 'closed', by: 'server', code: 1005, reason: '' }, 'close 1005 '],
  [
    { type: 'closed', by: 'server', code: 3000, reason: 'r'.repeat(200) },
    `close 3000 ${'r'.repeat(123)}`,
  ],
  [{ type: 'cut', by: 'server' }, 'close 1006 '],
  [{ type: 'finished', trailers: [] }, 'close 1006 '],
  [{ type: 'reset', by: 'server' }, 'close 1006 '],
] as [Ending, string][])('the ending %j is heard as %j', async (ending, expected) => {
  await withWire(
    () => messages(parts(), ending),
    async ({ port }) => {
      const { socket, heard } = listen(port);
      await once(socket, 'close');
      expect(heard).toEqual([expected]);
    },
  );
});

test('cut by the client: it may stay, say what it likes, and is noticed when it goes', async () => {
  await withWire(
    () => messages(parts(), { type: 'cut', by: 'client' }),
    async ({ port, sockets, exchanges }) => {
      const { socket, heard } = listen(port);
      await once(socket, 'open');
      for (let count = 0; count < 100; count += 1) socket.send(`message ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(heard).toEqual([]);
      socket.terminate();
      await until(
        () => sockets[0]?.destroyed === true,
        () => 'our side to close',
      );
      expect(exchanges[0]?.signal.aborted).toBe(true);
    },
  );
});

test.each([
  [1006, '\x88\x02\x03\xee'],
  [999, '\x88\x02\x03\xe7'],
  [5000, '\x88\x02\x13\x88'],
])(
  'a close frame of a server with the code %i, which may not be in one, is sent as it was',
  async (code, bytes) => {
    const ending: Ending = { type: 'closed', by: 'server', code, reason: '' };
    await withWire(
      () => messages(parts(), ending),
      async ({ port }) => {
        const client = await rawClient(port);
        client.send(`${handshake}Sec-WebSocket-Version: 13\r\n\r\n`);
        const { text, how } = await client.ended();
        expect(text.endsWith(bytes)).toBe(true);
        expect(how).toBe('FIN');
      },
    );
  },
);

test.each([
  ['a bad opcode', [0x83, 0x80, 0, 0, 0, 0], '\x88\x02\x03\xea'],
  ['a reserved bit', [0xc1, 0x80, 0, 0, 0, 0], '\x88\x02\x03\xea'],
  ['a frame without its mask', [0x81, 0], '\x88\x02\x03\xea'],
  ['a ping that is too long', [0x89, 0xfe, 0, 126, 0, 0, 0, 0], '\x88\x02\x03\xea'],
  ['a text that is no UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], '\x88\x02\x03\xef'],
  [
    'a message of an exabyte',
    [0x82, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    '\x88\x02\x03\xf1',
  ],
])('%s ends the session at once, whatever the client does then', async (_name, bytes, close) => {
  await withWire(
    (exchange) =>
      messages(
        said(exchange.body, () => {}),
        done,
      ),
    async ({ port, sockets, exchanges }) => {
      const client = await rawClient(port);
      client.send(`${handshake}Sec-WebSocket-Version: 13\r\n\r\n`);
      await client.hears('\r\n\r\n');
      client.send(Buffer.from(bytes));
      await client.hears(close);
      // It neither answers nor ends its side, and is let go all the same.
      await until(
        () => sockets[0]?.destroyed === true,
        () => 'our side to be closed',
      );
      expect(exchanges[0]?.signal.reason).toEqual({ type: 'cut', by: 'client' });
    },
  );
});

test('a bad opcode closes with 1002, and the process lives', async () => {
  await withWire(
    (exchange) =>
      messages(
        said(exchange.body, () => {}),
        done,
      ),
    async ({ port, lost }) => {
      const client = await rawClient(port);
      client.send(`${handshake}Sec-WebSocket-Version: 13\r\n\r\n`);
      await client.hears('\r\n\r\n');
      client.send(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
      await client.hears('\x88\x02\x03\xea');
      client.socket.end();
      await client.ended();
      expect(lost).toEqual([]);
    },
  );
});

test('a handshake that the library does not take lets go of the answer', async () => {
  let over = false;
  async function* source(exchange: Exchange): Parts {
    try {
      yield* said(exchange.body, () => {});
    } finally {
      over = true;
    }
  }
  await withWire(
    (exchange) => messages(source(exchange), done),
    async ({ port }) => {
      const client = await rawClient(port);
      client.send(`${handshake}Sec-WebSocket-Version: 99\r\n\r\n`);
      expect((await client.ended()).text).toMatch(/^HTTP\/1.1 4\d\d /);
      await until(
        () => over,
        () => 'the end of the parts',
      );
    },
  );
});

test('a client that sends faster than it is read is held back', async () => {
  let go = (): void => {};
  let count = 0;
  async function* slow(exchange: Exchange): Parts {
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    yield* said(exchange.body, () => {
      count += 1;
    });
  }
  await withWire(
    (exchange) => messages(slow(exchange), done),
    async ({ port, sockets }) => {
      const { socket } = listen(port);
      await once(socket, 'open');
      const bytes = Buffer.alloc(100_000);
      for (let sent = 0; sent < 300; sent += 1) socket.send(bytes);
      let before = -1;
      const readBytes = (): number => sockets[0]?.bytesRead ?? 0;
      while (readBytes() !== before) {
        before = readBytes();
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      expect(before).toBeLessThan(10_000_000);
      go();
      await until(
        () => count === 300,
        () => 'all messages',
      );
      socket.terminate();
    },
  );
});
