import { expect, test } from '@jest/globals';
import type { Ending, Parts } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { ResponseHead } from '../../src/exchange/http.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { part, parts, rawClient, say, until, whole, withWire } from './harness.ts';

const upgrade =
  'GET ws://far.test/chat HTTP/1.1\r\nHost: far.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

const head: ResponseHead = {
  status: 101,
  statusText: 'Switching',
  httpVersion: '1.1',
  headers: [
    ['upgrade', 'websocket'],
    ['X-One', '1'],
    ['Sec-WebSocket-Accept', 'abc='],
  ],
};
const heard =
  'HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nX-One: 1\r\nSec-WebSocket-Accept: abc=\r\n' +
  'Connection: Upgrade\r\n\r\n';

function raw(body: Parts, ending: Answer['ending']): Answer {
  return { head, body, ending, framing: 'raw', outcome: 'forwarded' };
}

async function* echo(exchange: Exchange): Parts {
  yield part('\x81\x00');
  if (exchange.body === undefined || Buffer.isBuffer(exchange.body)) return;
  for await (const { bytes } of exchange.body) yield { ...part(''), bytes };
  yield part('bye');
}

test('frames pass both ways byte for byte, from the first behind the head to a half-close', async () => {
  await withWire(
    (exchange) => raw(echo(exchange), { type: 'finished', trailers: [] }),
    async ({ port, exchanges }) => {
      const client = await rawClient(port);
      client.send(`${upgrade}\x89\x80`);
      await client.hears('\x89\x80');
      client.send('\x00\xff');
      client.socket.end();
      expect(await client.ended()).toEqual({
        text: `${heard}\x81\x00\x89\x80\x00\xffbye`,
        how: 'FIN',
      });
      expect(exchanges[0]).toMatchObject({
        kind: 'websocket',
        destination: { host: 'far.test', port: 80, secure: false },
        head: { method: 'GET', path: '/chat' },
      });
    },
  );
});

test('the server resets', async () => {
  await withWire(
    () => raw(parts('abc'), { type: 'reset', by: 'server' }),
    async ({ port }) => {
      expect(await say(port, upgrade)).toEqual({ text: `${heard}abc`, how: 'ECONNRESET' });
    },
  );
});

test.each<[string, Ending]>([
  ['reset', { type: 'reset', by: 'client' }],
  ['cut', { type: 'cut', by: 'client' }],
])('a client that goes (%s) while it waits or talks aborts', async (how, reason) => {
  let answers = false;
  const open = async (exchange: Exchange): Promise<Answer> => {
    if (!answers)
      await until(
        () => exchange.signal.aborted,
        () => 'the abort',
      );
    async function* idle(): Parts {
      await until(
        () => exchange.signal.aborted,
        () => 'the abort',
      );
      yield* [];
    }
    return raw(idle(), { type: 'cut', by: 'client' });
  };
  await withWire(open, async ({ port, exchanges, sockets }) => {
    for (const place of [0, 1]) {
      const client = await rawClient(port);
      client.send(upgrade);
      await until(
        () => exchanges.length === place + 1,
        () => 'the exchange',
      );
      if (how === 'reset') client.socket.resetAndDestroy();
      else sockets[place]?.destroy();
      await until(
        () => exchanges[place]?.signal.aborted === true,
        () => 'the abort',
      );
      expect(exchanges[place]?.signal.reason).toEqual(reason);
      client.socket.destroy();
      answers = true;
    }
  });
});

test('a refusal by the origin passes with its body, and ends the connection', async () => {
  await withWire(
    () => whole('not you', [['X-Why', 'because']], 403),
    async ({ port, sockets }) => {
      expect(await say(port, upgrade)).toEqual({
        text: 'HTTP/1.1 403 OK\r\nX-Why: because\r\nContent-Length: 7\r\nConnection: close\r\n\r\nnot you',
        how: 'FIN',
      });
      await until(
        () => sockets[0]?.destroyed === true,
        () => 'our side to close',
      );
    },
  );
});

test('a miss refuses the handshake with the problem', async () => {
  const failure = new Failure('NO_MATCHING_INTERACTION', 'GET far.test:80/chat is not in x');
  await withWire(
    () => ({ body: undefined, ending: { type: 'cut', by: 'server' }, outcome: 'missed', failure }),
    async ({ port }) => {
      const { text } = await say(port, upgrade);
      expect(text).toMatch(
        /^HTTP\/1.1 502 .*X-Magneto-Failure: NO_MATCHING_INTERACTION.*is not in x/s,
      );
    },
  );
});

test('a handshake that the destination resets is reset', async () => {
  await withWire(
    () => ({ body: undefined, ending: { type: 'reset', by: 'server' }, outcome: 'forwarded' }),
    async ({ port }) => {
      expect(await say(port, upgrade)).toEqual({ text: '', how: 'ECONNRESET' });
    },
  );
});

test('interim heads pass before the 101', async () => {
  const open = (exchange: Exchange): Answer => {
    if (exchange.kind === 'websocket') {
      exchange.inform({ status: 103, statusText: 'Hints', httpVersion: '1.1', headers: [] });
    }
    return raw(parts('x'), { type: 'cut', by: 'server' });
  };
  await withWire(open, async ({ port }) => {
    expect((await say(port, upgrade)).text).toBe(`HTTP/1.1 103 Hints\r\n\r\n${heard}x`);
  });
});

test('one without a destination is refused; an upgrade to something else is a plain request', async () => {
  await withWire(
    (exchange) => whole(exchange.kind),
    async ({ port, exchanges }) => {
      const own = await say(port, upgrade.replace('far.test/', 'magneto.local/'));
      expect(own.text).toMatch(/^HTTP\/1.1 404 /);
      expect(exchanges).toEqual([]);
      const other = upgrade.replace('Upgrade: websocket', 'Upgrade: h2c, foo');
      const client = await rawClient(port);
      client.send(other);
      await client.hears('\r\n\r\nhttp');
      client.socket.destroy();
    },
  );
});

test('an upstream that rejects costs the connection', async () => {
  await withWire(
    () => Promise.reject(new Error('a bug')),
    async ({ port, lost }) => {
      expect((await say(port, upgrade)).text).toBe('');
      expect(lost).toEqual([new Error('a bug')]);
    },
  );
});
