import { describe, expect, test } from '@jest/globals';
import type { Draft, DraftEnd, DraftStart } from '../../src/cassette/cassette.ts';
import type { Part, Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import { Failure } from '../../src/exchange/failure.ts';
import type { RecordedMessage } from '../../src/exchange/interaction.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { memoryBytesMax } from '../../src/record/keeping.ts';
import { record } from '../../src/record/record.ts';
import {
  answer,
  ask,
  memoryLog,
  part,
  parts,
  read,
  settling,
  upstreamOf,
} from '../mode/harness.ts';

const chunked = [['Transfer-Encoding', 'chunked']] as const;
const events = [...chunked, ['Content-Type', 'text/event-stream']] as const;
const big = 'b'.repeat(memoryBytesMax);

/** A log that remembers its drafts, whose add waits for the test where it is told to. */
function draftLog(
  changes: Parameters<typeof memoryLog>[0] & { readonly full?: Promise<void> } = {},
) {
  const drafts: { start: DraftStart; said: RecordedMessage[]; end?: DraftEnd }[] = [];
  const { full, ...rest } = changes;
  const log = memoryLog({ bodyBytesMax: 10_000_000, ...rest });
  const begin = (start: DraftStart): Draft => {
    const one: (typeof drafts)[number] = { start, said: [] };
    drafts.push(one);
    const inner = log.options.begin(start);
    return {
      answered: (response) => inner.answered(response),
      add(message) {
        one.said.push(message);
        return inner.add(message) ?? full;
      },
      finish(end) {
        one.end = end;
        return inner.finish(end);
      },
    };
  };
  return { ...log, drafts, options: { ...log.options, begin } };
}

async function recorded(log: ReturnType<typeof draftLog>, given: Partial<Answer>, asked = ask()) {
  const network = upstreamOf(async (exchange) => {
    await read(exchange.body);
    return answer(given);
  });
  return record(network, log.options).open(asked.exchange);
}

describe('what is short stays in memory', () => {
  test('a body in pieces, and the pieces that matter', async () => {
    const log = draftLog();
    const given = await recorded(log, {
      ...answer({ headers: chunked }),
      ...settling(parts('ab', 'c'), finished),
    });
    expect(await read(given.body)).toBe('abc');
    expect(log.drafts).toEqual([]);
    expect(log.written[0]?.response).toMatchObject({
      body: Buffer.from('abc'),
      chunks: [{ bytes: 2 }, { bytes: 1 }],
    });
  });
});

describe('a draft', () => {
  test('is what streams by its type, from its head on', async () => {
    const log = draftLog();
    const given = await recorded(log, {
      ...answer({ headers: events }),
      ...settling(parts('ab', 'c'), finished),
    });
    expect(log.drafts).toHaveLength(1);
    expect(await read(given.body)).toBe('abc');
    expect(given.outcome).toBe('recorded');
    expect(log.written).toMatchObject([
      {
        response: { status: 200, body: Buffer.from('abc'), chunks: [{ bytes: 2 }, { bytes: 1 }] },
        ending: finished,
      },
    ]);
  });

  test('is what is long, with what came before it was', async () => {
    const log = draftLog();
    const given = await recorded(log, {
      ...answer({ headers: chunked }),
      ...settling(parts('a', big, 'c'), finished),
    });
    expect(await read(given.body)).toBe(`a${big}c`);
    expect(log.drafts[0]?.said.map(({ bytes }) => bytes.length)).toEqual([1, memoryBytesMax, 1]);
    expect(log.written[0]?.response?.body?.toString()).toBe(`a${big}c`);
  });

  test('is what takes long, while nobody says anything', async () => {
    const log = draftLog();
    const gate = Promise.withResolvers<void>();
    async function* slow(): Parts {
      yield part('a');
      await gate.promise;
    }
    const given = await recorded(log, {
      ...answer({ headers: chunked }),
      ...settling(slow(), finished),
    });
    const reading = read(given.body);
    while (log.drafts.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log.drafts[0]?.said).toMatchObject([{ from: 'server', bytes: Buffer.from('a') }]);
    gate.resolve();
    expect(await reading).toBe('a');
    expect(log.written).toMatchObject([{ response: { body: Buffer.from('a') }, ending: finished }]);
    expect(log.written[0]?.response?.chunks).toBeUndefined();
  });

  test('holds a long request too, with its trailers', async () => {
    const log = draftLog();
    const asked = ask({ method: 'PUT', body: parts(big, 'x'), trailers: [['Sum', '1']] });
    await recorded(log, { body: Buffer.from('ok') }, asked);
    expect(log.drafts[0]?.start.request).toMatchObject({ partial: true });
    expect(log.written[0]?.request).toMatchObject({ trailers: [['Sum', '1']] });
    expect(log.written[0]?.request.partial).toBeUndefined();
    expect(log.written[0]?.request.body?.length).toBe(memoryBytesMax + 1);
    expect(log.written[0]?.response?.body).toEqual(Buffer.from('ok'));
  });

  test('begins with a short request whole, before a long answer', async () => {
    const log = draftLog();
    const asked = ask({ method: 'POST', body: parts('as', 'k') });
    const given = await recorded(
      log,
      { ...answer({ headers: chunked }), ...settling(parts(big, 'c'), finished) },
      asked,
    );
    await read(given.body);
    expect(log.drafts[0]?.start.request.body).toEqual(Buffer.from('ask'));
    expect(log.drafts[0]?.said.every(({ from }) => from === 'server')).toBe(true);
    expect(log.written[0]?.request.body).toEqual(Buffer.from('ask'));
  });

  test('lets the first bytes through, and then waits until there is room', async () => {
    const full = Promise.withResolvers<void>();
    const log = draftLog({ full: full.promise });
    let taken = 0;
    async function* counted(): Parts {
      for await (const one of parts('a', 'b', 'c')) {
        taken += 1;
        yield one;
      }
    }
    const given = await recorded(log, {
      ...answer({ headers: events }),
      ...settling(counted(), finished),
    });
    if (given.body === undefined || Buffer.isBuffer(given.body)) throw new Error('not in parts');
    const iterator = given.body[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ bytes: Buffer.from('a') });
    const next = iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(taken).toBe(1);
    full.resolve();
    expect((await next).value).toMatchObject({ bytes: Buffer.from('b') });
  });

  test('of an exchange that magneto itself failed is ended', async () => {
    const log = draftLog();
    const network = upstreamOf(async (exchange) => {
      await read(exchange.body);
      return answer({ failure: new Failure('DIAL_FAILED', 'no more files'), outcome: 'failed' });
    });
    const given = await record(network, log.options).open(ask({ body: parts(big, 'x') }).exchange);
    expect(given.outcome).toBe('failed');
    expect(log.drafts[0]?.end).toMatchObject({ ending: { type: 'cut', by: 'server' } });
  });
});

describe('beyond a cap the client goes on', () => {
  test('by size: exactly what fits, marked, and written while the rest still comes', async () => {
    const log = draftLog({ bodyBytesMax: 5 });
    const gate = Promise.withResolvers<void>();
    async function* two(): Parts {
      yield* parts('abc', 'def');
      await gate.promise;
      yield part('ghi');
    }
    const given = await recorded(log, {
      ...answer({ headers: events }),
      ...settling(two(), finished),
    });
    if (given.body === undefined || Buffer.isBuffer(given.body)) throw new Error('not in parts');
    const got: Part[] = [];
    for await (const one of given.body) {
      got.push(one);
      if (got.length < 2) continue;
      while (log.written.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      gate.resolve();
    }
    expect(got.map(({ bytes }) => bytes.toString()).join('')).toBe('abcdefghi');
    expect(await given.ending).toEqual(finished);
    expect(given).toMatchObject({ outcome: 'recorded', truncated: 'size' });
    expect(log.written).toMatchObject([
      {
        truncated: 'size',
        ending: { type: 'cut', by: 'server' },
        response: { body: Buffer.from('abcde'), chunks: [{ bytes: 3 }, { bytes: 2 }] },
      },
    ]);
    expect(log.unrecorded).toMatchObject([{ code: 'BODY_TOO_LARGE' }]);
  });

  test('by time: even while nothing comes', async () => {
    const log = draftLog({ streamMsMax: 30 });
    const gate = Promise.withResolvers<void>();
    async function* slow(): Parts {
      yield part('a');
      await gate.promise;
      yield part('b');
    }
    const given = await recorded(log, {
      ...answer({ headers: chunked }),
      ...settling(slow(), finished),
    });
    const reading = read(given.body);
    while (log.written.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    gate.resolve();
    expect(await reading).toBe('ab');
    expect(await given.ending).toEqual(finished);
    expect(given.truncated).toBe('time');
    expect(log.written).toMatchObject([
      { truncated: 'time', response: { body: Buffer.from('a') } },
    ]);
    expect(log.unrecorded).toMatchObject([{ code: 'STREAM_TOO_LONG' }]);
  });

  test('of a request: it is partial, while its answer is whole', async () => {
    const log = draftLog({ bodyBytesMax: 5 });
    const asked = ask({ method: 'PUT', body: parts('abc', 'def') });
    const given = await recorded(log, { body: Buffer.from('ok') }, asked);
    expect(given).toMatchObject({ outcome: 'recorded', truncated: 'size' });
    expect(log.written[0]).toMatchObject({
      request: { body: Buffer.from('abcde'), partial: true },
      response: { body: Buffer.from('ok') },
      ending: finished,
    });
    expect(log.written[0]?.truncated).toBeUndefined();
    expect(log.unrecorded).toMatchObject([{ code: 'BODY_TOO_LARGE' }]);
  });
});
