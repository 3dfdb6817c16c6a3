import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import type { RawData } from 'ws';
import { WebSocket } from 'ws';
import type { Body, Ending, Part, Parts } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { part, parts, rawClient, until, withWire } from './harness.ts';

const recorded: Headers = [
  ['X-First', '1'],
  ['sec-websocket-accept', 'of another handshake'],
  ['Upgrade', 'websocket'],
  ['X-Last', '2'],
];

function messages(body: Body, ending: Answer['ending'], headers = recorded): Answer {
  const head = { status: 101, statusText: 'Switched', httpVersion: '1.1', headers };
  return { head, body, ending, framing: 'messages', outcome: 'replayed' };
}

const done: Ending = { type: 'closed', by: 'server', code: 1000, reason: 'done' };

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : '(no buffer)';
}

interface Listening {
  readonly socket: WebSocket;
  readonly heard: string[];
  /** The TCP connection below. */
  readonly tcp: () => Socket | undefined;
}

/** Opens a WebSocket with everything heard noted down as text. */
function listen(
  port: number,
  options: {
    readonly protocols?: string[];
    readonly deflate?: boolean | { readonly serverNoContextTakeover: true };
  } = {},
): Listening {
  const { protocols = [], deflate = false } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocols, {
    perMessageDeflate: deflate,
  });
  const heard: string[] = [];
  socket.on('message', (data, binary) =>
    heard.push(`${binary ? 'binary' : 'text'} ${textOf(data)}`),
  );
  socket.on('ping', (data) => heard.push(`ping ${String(data)}`));
  socket.on('pong', (data) => heard.push(`pong ${String(data)}`));
  socket.on('close', (code, reason) => heard.push(`close ${code} ${String(reason)}`));
  socket.on('error', () => {});
  let tcp: Socket | undefined;
  socket.on('upgrade', (response) => {
    tcp = response.socket;
  });
  return { socket, heard, tcp: () => tcp };
}

async function* said(body: Body, note: (part: Part) => void): Parts {
  if (body === undefined || Buffer.isBuffer(body)) return;
  for await (const one of body) {
    note(one);
    yield { ...one, kind: one.kind === 'ping' || one.kind === 'pong' ? 'text' : one.kind };
  }
}

test('each kind of message goes out as it is, and then the close', async () => {
  const body = async function* all(): Parts {
    yield part('one', 'text');
    yield part('two', 'binary');
    yield part('three', 'ping');
    yield part('four', 'pong');
    yield part('', 'text');
  };
  await withWire(
    () => messages(body(), done),
    async ({ port }) => {
      const { socket, heard } = listen(port);
      await once(socket, 'close');
      expect(heard).toEqual([
        'text one',
        'binary two',
        'ping three',
        'pong four',
        'text ',
        'close 1000 done',
      ]);
    },
  );
});

test('the recorded head goes out in its order, with an accept key that is fresh', async () => {
  await withWire(
    () => messages(parts(), done),
    async ({ port }) => {
      const { socket } = listen(port);
      const [response] = (await once(socket, 'upgrade')) as [
        { statusMessage: string; rawHeaders: string[] },
      ];
      expect(response.statusMessage).toBe('Switched');
      const names = response.rawHeaders.filter((_text, place) => place % 2 === 0);
      expect(names).toEqual(['X-First', 'sec-websocket-accept', 'Upgrade', 'X-Last', 'Connection']);
      expect(response.rawHeaders[3]).toMatch(/^.{27}=$/);
      await once(socket, 'close');
    },
  );
});

test('what the client says reaches the exchange, pings and pongs too', async () => {
  const noted: Part[] = [];
  await withWire(
    (exchange) =>
      messages(
        said(exchange.body, (one) => noted.push(one)),
        done,
      ),
    async ({ port, exchanges }) => {
      const { socket, heard } = listen(port);
      await once(socket, 'open');
      socket.send('a');
      socket.send(Buffer.from([1, 2]));
      socket.ping('p');
      socket.pong('q');
      await until(
        () => noted.length === 4,
        () => JSON.stringify(noted),
      );
      expect(noted.map(({ kind }) => kind)).toEqual(['text', 'binary', 'ping', 'pong']);
      expect(noted[1]?.bytes).toEqual(Buffer.from([1, 2]));
      socket.close(4001, 'enough');
      await once(socket, 'close');
      expect(heard).toContain('close 4001 enough');
      await until(
        () => exchanges[0]?.signal.aborted === true,
        () => 'the close',
      );
      expect(exchanges[0]?.signal.reason).toEqual({
        type: 'closed',
        by: 'client',
        code: 4001,
        reason: 'enough',
      });
    },
  );
});

test.each([
  ['vanishes', ({ socket }: Listening) => socket.terminate(), 'cut'],
  ['resets', ({ tcp }: Listening) => tcp()?.resetAndDestroy(), 'reset'],
])('a client that %s ends the body and aborts', async (_how, go, type) => {
  let over = false;
  async function* silent(exchange: Exchange): Parts {
    for await (const one of said(exchange.body, () => {})) yield one;
    over = true;
  }
  await withWire(
    (exchange) => messages(silent(exchange), done),
    async ({ port, exchanges }) => {
      const listening = listen(port);
      await once(listening.socket, 'open');
      go(listening);
      await until(
        () => over,
        () => 'the end of the body',
      );
      expect(exchanges[0]?.signal.reason).toEqual({ type, by: 'client' });
    },
  );
});

test.each([
  [['a', 'b'], 'b', 'b'],
  [['a'], 'b', ''],
  [[], 'b', ''],
])('offered %j and recorded %s: the subprotocol is %j', async (protocols, protocol, chosen) => {
  const headers: Headers = [...recorded, ['Sec-WebSocket-Protocol', protocol]];
  await withWire(
    () => messages(parts(), done, headers),
    async ({ port }) => {
      const { socket, heard } = listen(port, { protocols });
      await until(
        () => heard.length > 0,
        () => 'the close',
      );
      expect(socket.protocol).toBe(chosen);
      const fails = protocols.length > 0 && chosen === '';
      expect(heard).toEqual([fails ? 'close 1006 ' : 'close 1000 done']);
    },
  );
});

test.each<[boolean, boolean | { serverNoContextTakeover: true }, string]>([
  [true, true, 'permessage-deflate'],
  [true, { serverNoContextTakeover: true }, 'permessage-deflate'],
  [true, false, ''],
  [false, true, ''],
])('recorded with compression %s, asked for %j: %j', async (compressed, deflate, extensions) => {
  const extension: Headers = compressed ? [['Sec-WebSocket-Extensions', 'permessage-deflate']] : [];
  async function* body(): Parts {
    yield part('hello '.repeat(100), 'text');
  }
  await withWire(
    () => messages(body(), done, [...recorded, ...extension]),
    async ({ port }) => {
      const { socket, heard } = listen(port, { deflate });
      await once(socket, 'close');
      expect(socket.extensions).toBe(extensions);
      expect(heard[0]).toBe(`text ${'hello '.repeat(100)}`);
    },
  );
});

test.each([
  [{ type: 'closed', by: 'server', code: 1005, reason: '' }, 'close 1005 '],
  [
    { type: 'closed', by: 'server', code: 3000, reason: 'r'.repeat(200) },
    `close 3000 ${'r'.repeat(123)}`,
  ],
  [{ type: 'closed', by: 'server', code: 1006, reason: '' }, 'close 1006 '],
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

const handshake =
  'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

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
