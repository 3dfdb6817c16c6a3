import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { Part, Parts } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import { part, until, withWire } from './harness.ts';
import type { Listening } from './websocket-client.ts';
import { done, listen, messages, said } from './websocket-client.ts';

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
