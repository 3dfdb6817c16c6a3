import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { Part, Parts } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import { part, parts, until, withWire } from './harness.ts';
import type { Listening } from './websocket-client.ts';
import { done, listen, messages, recorded, said } from './websocket-client.ts';

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
