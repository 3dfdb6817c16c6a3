import { expect, test } from '@jest/globals';
import type { Part } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { createJournal } from '../../src/journal/journal.ts';
import type { OpenSession, SessionOptions } from '../../src/mode/mode.ts';
import { openSession } from '../../src/mode/mode.ts';
import { rawClient, withWire } from '../wire/harness.ts';
import { closeFrame, frame } from './frames.ts';
import type { Shelf } from './harness.ts';
import { answer, read, settling, until, upstreamOf, withShelf } from './harness.ts';

// Jest itself fails a test for a rejection that nobody handles.

interface Run {
  readonly port: number;
  readonly session: OpenSession;
  readonly journal: Journal;
}

/** A wire on a session of a library, its network written by hand. */
async function run(
  { library }: Shelf,
  options: Pick<SessionOptions, 'mode' | 'network'>,
  body: (run: Run) => Promise<void>,
): Promise<void> {
  const journal = createJournal();
  const session = await openSession({
    onMiss: 'fail',
    cassette: 'c',
    library,
    journal,
    latency: { type: 'none' },
    bodyBytesMax: 1_000_000,
    streamMsMax: 60_000,
    cutUnwritten: false,
    ci: false,
    onFailure: () => {},
    ...options,
  });
  await withWire(
    (exchange) => session.upstream.open(exchange),
    ({ port }) => body({ port, session, journal }),
  );
  await session.close();
}

/** The bytes of a text one by one, as a network whose server may die amid them; it hears when the client goes. */
function dying(bytes: Buffer, dies: number, exchange: Exchange): Pick<Answer, 'body' | 'ending'> {
  async function* source(): AsyncGenerator<Part> {
    for (let at = 0; at < Math.min(dies, bytes.length); at += 1) {
      if (exchange.signal.aborted) return;
      yield { atMs: at, kind: 'data', bytes: bytes.subarray(at, at + 1) };
    }
  }
  return settling(source(), dies > bytes.length ? finished : { type: 'reset', by: 'server' });
}

const request = 'POST http://far.test/ HTTP/1.1\r\nHost: far.test\r\nContent-Length: 3\r\n\r\nabc';
const text = Buffer.from('answer');
const lengthOf6 = [['Content-Length', '6']] as const;

test('a server that dies at its n-th byte: the same heard live and from the cassette', async () => {
  for (const headers of [lengthOf6, [['Transfer-Encoding', 'chunked']] as const]) {
    for (let dies = 0; dies <= text.length + 1; dies += 1) {
      await withShelf(async (shelf) => {
        const network = upstreamOf(async (exchange) => {
          await read(exchange.body);
          return answer({ headers, ...dying(text, dies, exchange) });
        });
        const heard: { text: string; how: string }[] = [];
        for (const mode of ['record', 'replay'] as const) {
          await run(shelf, { mode, network }, async ({ port, journal }) => {
            const client = await rawClient(port);
            client.send(request.replace('Host:', 'Connection: close\r\nHost:'));
            heard.push(await client.ended());
            await until(() => journal.entries().length > 0, 'the entry');
            expect(journal.entries()).toHaveLength(1);
            expect(journal.entries()[0]?.outcome).toBe(`${mode}ed`.replace('eed', 'ed'));
          });
        }
        const [live, replayed] = heard.map(({ text: all, how }) => [
          all.replace(/[\r\n0-9a-f]+/g, ''),
          how,
        ]);
        expect(replayed).toEqual(live);
        expect(network.asked).toHaveLength(1);
      });
    }
  }
});

test('a client that dies at the n-th byte of its request or answer is entered once, and recorded', async () => {
  const network = upstreamOf(async (exchange) => {
    const said = await read(exchange.body);
    if (said.length < 3) {
      await until(() => exchange.signal.aborted, 'the abort');
      return { body: undefined, ending: { type: 'cut', by: 'client' }, outcome: 'forwarded' };
    }
    return answer({ headers: lengthOf6, ...dying(text, 7, exchange) });
  });
  const head = request.indexOf('abc');
  await withShelf(async (shelf) => {
    await run(shelf, { mode: 'record', network }, async ({ port, journal, session }) => {
      let entries = 0;
      for (let dies = 0; dies <= request.length; dies += 5) {
        const client = await rawClient(port);
        client.send(request.slice(0, dies));
        if (dies >= head) await until(() => network.asked.length > entries, 'the exchange');
        client.socket.resetAndDestroy();
        if (dies < head) continue;
        entries += 1;
        await until(() => journal.entries().length === entries, `entry ${entries}`);
      }
      const whole = await rawClient(port);
      whole.send(request);
      await whole.hears('answer');
      whole.socket.destroy();
      await until(() => journal.entries().length === entries + 1, 'the last entry');
      expect(session.interactions()).toBe(entries + 1);
    });
  });
});

const upgrade =
  'GET ws://far.test/ HTTP/1.1\r\nHost: far.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

test('a WebSocket whose server dies at its n-th byte is recorded and entered once', async () => {
  const bytes = Buffer.concat([frame({ opcode: 1, payload: 'hi' }), closeFrame(1000, '')]);
  await withShelf(async (shelf) => {
    let dies = 0;
    const network = upstreamOf((exchange) => {
      const head = { status: 101, statusText: 'S', httpVersion: '1.1', headers: [] };
      return answer({ head, framing: 'raw', ...dying(bytes, dies, exchange) });
    });
    await run(shelf, { mode: 'record', network }, async ({ port, journal, session }) => {
      for (; dies <= bytes.length + 1; dies += 1) {
        const client = await rawClient(port);
        client.send(upgrade);
        await client.ended();
        await until(() => journal.entries().length === dies + 1, 'the entry');
      }
      expect(session.interactions()).toBe(bytes.length + 2);
      expect(new Set(journal.entries().map(({ outcome }) => outcome))).toEqual(
        new Set(['recorded']),
      );
    });
    const { interactions } = await shelf.library.load('c');
    expect(interactions.map(({ ending }) => ending.type)).toEqual([
      ...Array.from({ length: bytes.length }, () => 'reset'),
      'closed',
      'closed',
    ]);
  });
});

test('a WebSocket client that dies at its n-th byte is entered once, live and replayed', async () => {
  const hello = frame({ opcode: 1, payload: 'hello', masked: true });
  const bytes = Buffer.concat([Buffer.from(upgrade), hello]);
  await withShelf(async (shelf) => {
    const network = upstreamOf((exchange) => {
      async function* echo(): AsyncGenerator<Part> {
        if (exchange.body === undefined || Buffer.isBuffer(exchange.body)) return;
        for await (const { atMs } of exchange.body) {
          yield { atMs, kind: 'data', bytes: frame({ opcode: 1, payload: 'yes' }) };
        }
      }
      const head = { status: 101, statusText: 'S', httpVersion: '1.1', headers: [] };
      return answer({ head, framing: 'raw', ...settling(echo(), { type: 'cut', by: 'client' }) });
    });
    for (const mode of ['record', 'replay'] as const) {
      await run(shelf, { mode, network }, async ({ port, journal }) => {
        let entries = 0;
        for (const cut of [
          10,
          upgrade.length,
          upgrade.length + 1,
          bytes.length - 1,
          bytes.length,
        ]) {
          const client = await rawClient(port);
          client.send(bytes.subarray(0, cut));
          if (cut >= upgrade.length) await client.hears('101');
          if (cut === bytes.length) await client.hears('yes');
          client.socket.resetAndDestroy();
          if (cut < upgrade.length) continue;
          entries += 1;
          await until(
            () => journal.entries().length === entries,
            `${mode}: entry ${entries} at ${cut}`,
          );
        }
      });
    }
  });
});
