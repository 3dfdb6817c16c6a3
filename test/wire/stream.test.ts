import { expect, test } from '@jest/globals';
import type { Ending, Parts } from '../../src/exchange/conversation.ts';
import type { Destination } from '../../src/exchange/destination.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { part, parts, rawClient, read, say, until, withWire } from './harness.ts';

const destination: Destination = { host: 'raw.test', port: 5432, secure: false };
const serving = { kind: 'stream', arrival: { destination } } as const;

function relayed(body: Answer['body'], ending: Answer['ending']): Answer {
  return { body, ending, framing: 'raw', outcome: 'forwarded' };
}

const fin: Ending = { type: 'finished', trailers: [] };

test('bytes pass both ways untouched, and each side may end first', async () => {
  async function* echo(exchange: Exchange): Parts {
    yield part('\x00hello');
    if (exchange.body === undefined || Buffer.isBuffer(exchange.body)) return;
    for await (const { bytes } of exchange.body) yield { ...part(''), bytes };
    yield part('bye');
  }
  await withWire(
    (exchange) => relayed(echo(exchange), fin),
    async ({ port, exchanges }) => {
      const client = await rawClient(port);
      await client.hears('\x00hello');
      client.send(Buffer.from([0, 255, 1]));
      await client.hears('\x00\xff\x01');
      client.socket.end();
      expect(await client.ended()).toEqual({ text: '\x00hello\x00\xff\x01bye', how: 'FIN' });
      expect(exchanges[0]).toMatchObject({ kind: 'stream', destination });
    },
    serving,
  );
});

test.each<[string, Ending]>([
  ['ECONNRESET', { type: 'reset', by: 'server' }],
  ['FIN', { type: 'cut', by: 'server' }],
])('the server ends with %s', async (how, ending) => {
  // A RST that comes before the client has connected would be another story.
  async function* afterFirst(exchange: Exchange): Parts {
    await read(exchange.body);
    yield part('abc');
  }
  await withWire(
    (exchange) => relayed(afterFirst(exchange), ending),
    async ({ port }) => {
      const client = await rawClient(port);
      client.socket.end('x');
      expect(await client.ended()).toEqual({ text: 'abc', how });
    },
    serving,
  );
});

test.each([
  ['missed', 1],
  // It is told of, and counted, by its journal entry.
  ['failed', 0],
] as const)('a failure resets; one that was %s is said', async (outcome, said) => {
  const failure = new Failure('UNRECORDED_STREAM', 'a raw stream to raw.test:5432');
  await withWire(
    () => ({ body: undefined, ending: { type: 'cut', by: 'server' }, outcome, failure }),
    async ({ port, failures }) => {
      expect(await say(port, 'x')).toEqual({ text: '', how: 'ECONNRESET' });
      expect(failures).toHaveLength(said);
    },
    serving,
  );
});

test('a client that resets aborts; one that goes after its FIN does too', async () => {
  const idle = (): Answer => relayed(parts(), new Promise(() => {}));
  await withWire(
    idle,
    async ({ port, exchanges, sockets }) => {
      const resets = await rawClient(port);
      await until(
        () => exchanges.length === 1,
        () => 'the exchange',
      );
      resets.socket.resetAndDestroy();
      await until(
        () => exchanges[0]?.signal.aborted === true,
        () => 'the abort',
      );
      expect(exchanges[0]?.signal.reason).toEqual({ type: 'reset', by: 'client' });
      const leaves = await rawClient(port);
      leaves.socket.end();
      await until(
        () => sockets[1]?.readableEnded === true,
        () => 'the FIN',
      );
      sockets[1]?.destroy();
      await until(
        () => exchanges[1]?.signal.aborted === true,
        () => 'the abort',
      );
      leaves.socket.destroy();
    },
    serving,
  );
});

test('without a destination there is nobody to ask', async () => {
  await withWire(
    () => relayed(parts(), fin),
    async ({ port, exchanges }) => {
      expect((await say(port, '')).text).toBe('');
      expect(exchanges).toEqual([]);
    },
    { kind: 'stream' },
  );
});

test('an upstream that rejects costs the connection', async () => {
  await withWire(
    () => Promise.reject(new Error('a bug')),
    async ({ port, lost }) => {
      expect((await say(port, 'x')).text).toBe('');
      expect(lost).toEqual([new Error('a bug')]);
    },
    serving,
  );
});
