import { describe, expect, test } from '@jest/globals';
import type { Ending, Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Answer, Offer, Outcome } from '../../src/exchange/upstream.ts';
import { createJournal } from '../../src/journal/journal.ts';
import { journaled } from '../../src/mode/journaled.ts';
import {
  answer,
  ask,
  askStream,
  destination,
  part,
  parts,
  read,
  settling,
  until,
  upstreamOf,
} from './harness.ts';

function noting(open: (exchange: Exchange) => Answer | Promise<Answer>, offer?: Offer) {
  const journal = createJournal();
  const messages: string[] = [];
  journal.subscribeMessages((side, kind) => messages.push(`${side} ${kind}`));
  const offered = offer && (() => Promise.resolve(offer));
  return { journal, messages, upstream: journaled(upstreamOf(open, offered), journal, 'replay') };
}

test('an answer in memory is entered at once', async () => {
  const { journal, upstream } = noting(() =>
    answer({ body: Buffer.from('abc'), outcome: 'replayed', interaction: 'i1' }),
  );
  const { exchange } = ask({ method: 'POST', path: '/p', body: Buffer.from('ab') });
  await upstream.open(exchange);
  expect(journal.entries()).toEqual([
    {
      id: exchange.id,
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      kind: 'http',
      mode: 'replay',
      outcome: 'replayed',
      method: 'POST',
      host: 'far.test',
      port: 80,
      secure: false,
      path: '/p',
      status: 200,
      ms: expect.any(Number),
      bytesIn: 2,
      bytesOut: 3,
      interaction: 'i1',
      ending: 'finished',
    },
  ]);
});

describe('an answer in parts is entered once it is over, with all its bytes', () => {
  test.each<[string, (source: Parts) => Pick<Answer, 'body' | 'ending'>]>([
    ['its ending was known before', (source) => ({ body: source, ending: finished })],
    ['its ending settles with it', (source) => settling(source, finished)],
  ])('%s', async (_how, made) => {
    let outcome: Outcome = 'forwarded';
    const { journal, upstream } = noting(async (exchange) => {
      expect(await read(exchange.body)).toBe('ask');
      return {
        ...answer(made(parts('ab', 'cd'))),
        get outcome() {
          return outcome;
        },
      };
    });
    const given = await upstream.open(ask({ body: parts('a', 'sk') }).exchange);
    expect(journal.entries()).toEqual([]);
    outcome = 'recorded';
    expect(await read(given.body)).toBe('abcd');
    await Promise.resolve(given.ending);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(journal.entries()).toMatchObject([{ outcome: 'recorded', bytesIn: 3, bytesOut: 4 }]);
  });

  test('also where its reader stops', async () => {
    const { journal, upstream } = noting(() => answer(settling(parts('ab', 'cd'), finished)));
    const { body } = await upstream.open(ask().exchange);
    if (body === undefined || Buffer.isBuffer(body)) throw new Error('not in parts');
    for await (const one of body) if (one.bytes.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(journal.entries()).toMatchObject([{ bytesOut: 2, ending: 'cut' }]);
  });
});

test('a failure stands in its entry', async () => {
  const failure = new Failure('NO_MATCHING_INTERACTION', 'x');
  const { journal, upstream } = noting(() => ({
    body: undefined,
    ending: { type: 'cut', by: 'server' },
    outcome: 'missed',
    failure,
  }));
  await upstream.open(ask().exchange);
  expect(journal.entries()).toMatchObject([
    { outcome: 'missed', failure: 'NO_MATCHING_INTERACTION', ending: 'cut' },
  ]);
  expect(journal.entries()[0]).not.toHaveProperty('status');
});

test('a raw stream has neither method nor path', async () => {
  const { journal, upstream, messages } = noting(() =>
    answer({ body: parts('x'), framing: 'raw' }),
  );
  const given = await upstream.open(askStream());
  await read(given.body);
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(journal.entries()).toMatchObject([{ kind: 'stream', bytesOut: 1 }]);
  expect(journal.entries()[0]).not.toHaveProperty('method');
  expect(messages).toEqual([]);
});

test('messages are told by side and kind as they pass', async () => {
  async function* said(): Parts {
    yield part('a', 'text');
    yield part('b', 'ping');
  }
  const { upstream, messages } = noting(async (exchange) => {
    await read(exchange.body);
    return answer({ body: said(), framing: 'messages' });
  });
  const given = await upstream.open(ask({ kind: 'websocket', body: said() }).exchange);
  await read(given.body);
  expect(messages).toEqual(['client text', 'client ping', 'server text', 'server ping']);
});

describe('an attempt to connect', () => {
  const offering = async (offer: Offer) => {
    const { journal, upstream } = noting(() => answer(), offer);
    expect(await upstream.offer(destination)).toEqual(offer);
    return journal.entries();
  };

  test.each<[Ending, Outcome]>([
    [{ type: 'refused' }, 'forwarded'],
    [{ type: 'dns', code: 'ENOTFOUND' }, 'recorded'],
    [{ type: 'timedOut' }, 'replayed'],
  ])('that failed (%j, %s) is entered', async (ending, outcome) => {
    const given = outcome === 'forwarded' ? {} : { outcome };
    expect(await offering({ type: 'ended', ending, ...given })).toMatchObject([
      { kind: 'connect', method: 'CONNECT', host: 'far.test', outcome, ending: ending.type },
    ]);
  });

  test('that led somewhere, or whose handshake is met again inside, is not', async () => {
    expect(await offering({ type: 'terms' })).toEqual([]);
    expect(await offering({ type: 'unknown' })).toEqual([]);
    const ending = { type: 'tls', code: 'C', reason: 'r' } as const;
    expect(await offering({ type: 'ended', ending })).toEqual([]);
  });
});

test('a WebSocket counts as open from its 101 to its end; one that was refused never', async () => {
  const head = { status: 101, statusText: '', httpVersion: '1.1', headers: [] };
  const { journal, upstream } = noting((exchange) =>
    exchange.kind === 'websocket' && exchange.head.path === '/yes'
      ? answer({ head, framing: 'messages', ...settling(parts('a'), finished) })
      : answer(),
  );
  const opened = await upstream.open(ask({ kind: 'websocket', path: '/yes' }).exchange);
  await upstream.open(ask({ kind: 'websocket', path: '/no' }).exchange);
  expect(journal.openWebSockets()).toBe(1);
  await read(opened.body);
  await until(() => journal.openWebSockets() === 0, 'the end of the WebSocket');
});
