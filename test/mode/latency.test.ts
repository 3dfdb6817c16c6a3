import { describe, expect, test } from '@jest/globals';
import type { Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Answer, Outcome } from '../../src/exchange/upstream.ts';
import type { Latency } from '../../src/mode/latency.ts';
import { latency } from '../../src/mode/latency.ts';
import { answer, ask, destination, part, read, upstreamOf } from './harness.ts';

const none: Latency = { type: 'none' };
const recorded: Latency = { type: 'recorded' };
const fixed: Latency = { type: 'fixed', ms: 70 };
const half: Latency = { type: 'scaled', percent: 50 };

/** A block each six seconds, each a message. */
async function* blocks(): Parts {
  for (let block = 1; block <= 10; block += 1) {
    yield part(`${block}`, 'text', { atMs: block * 6000, delayMs: 6000 });
  }
}

const replayed = (what: Partial<Answer>): Answer => answer({ outcome: 'replayed', ...what });

/** What a client waits for, in order, when it reads an answer to its end. */
async function waits(policy: Latency, given: Answer): Promise<readonly number[]> {
  const slept: number[] = [];
  const slow = latency(
    upstreamOf(() => given),
    policy,
    async (ms) => void slept.push(ms),
  );
  const got = await slow.open(ask().exchange);
  await read(got.body);
  expect(got.outcome).toBe(given.outcome);
  expect(await got.ending).toEqual(finished);
  return slept;
}

describe('a block each six seconds', () => {
  const session = (): Answer => replayed({ framing: 'messages', body: blocks(), delayMs: 40 });
  const ten = (ms: number): number[] => Array.from({ length: 10 }, () => ms);

  test.each([
    ['at once', none, []],
    ['as recorded: gaps, not sums', recorded, [40, ...ten(6000)]],
    ['each after the same time', fixed, [70, ...ten(70)]],
    ['in half the time', half, [20, ...ten(3000)]],
  ])('comes %s', async (_how, policy, expected) => {
    expect(await waits(policy, session())).toEqual(expected);
  });
});

describe('a response', () => {
  const whole = (): Answer => replayed({ body: Buffer.from('abc'), delayMs: 40, bodyDelayMs: 60 });
  async function* late(): Parts {
    yield part('ab', 'data', { delayMs: 60 });
  }

  test.each([
    [none, []],
    [recorded, [40, 60]],
    [fixed, [70]],
    [half, [20, 30]],
  ])('under %j: head, then body', async (policy, expected) => {
    expect(await waits(policy, whole())).toEqual(expected);
    expect(await waits(policy, replayed({ body: late(), delayMs: 40 }))).toEqual(expected);
  });

  test('without a body, or one that came with its head, waits for the head alone', async () => {
    expect(await waits(recorded, replayed({ delayMs: 40, bodyDelayMs: 60 }))).toEqual([40]);
    expect(await waits(recorded, replayed({ body: Buffer.from('a'), delayMs: 40 }))).toEqual([40]);
  });

  test('keeps its bytes', async () => {
    const slow = latency(
      upstreamOf(() => whole()),
      recorded,
      () => Promise.resolve(),
    );
    expect(await read((await slow.open(ask().exchange)).body)).toBe('abc');
  });
});

describe('a stream', () => {
  const stream = (): Answer => {
    async function* pieces(): Parts {
      yield part('a', 'data', { delayMs: 5 });
      // The second half of a piece that lies in a file.
      yield part('b');
      yield part('c', 'data', { delayMs: 25 });
    }
    return replayed({ body: pieces(), delayMs: 40, endDelayMs: 8, streamed: true });
  };

  test.each([
    ['at once', none, []],
    ['as recorded: head, pieces, and the pause before the end', recorded, [40, 5, 25, 8]],
    ['head and pieces after the same time, the end at once', fixed, [70, 70, 70]],
    ['in half the time', half, [20, 2.5, 12.5, 4]],
  ])('comes %s', async (_how, policy, expected) => {
    expect(await waits(policy, stream())).toEqual(expected);
  });
});

test.each<[Outcome, readonly number[]]>([
  ['repeated', [40]],
  ['forwarded', []],
  ['recorded', []],
  ['missed', []],
])('what is %s waits %j', async (outcome, expected) => {
  expect(await waits(recorded, answer({ outcome, delayMs: 40 }))).toEqual(expected);
});

test.each<[Latency, readonly number[]]>([
  [recorded, [40, 6000, 500]],
  [half, [20, 3000, 250]],
  [fixed, [70, 70, 70]],
  [none, []],
])('the close of a WebSocket under %j comes in its time, too', async (policy, expected) => {
  async function* one(): Parts {
    yield part('a', 'text', { delayMs: 6000 });
  }
  const body = { body: one(), delayMs: 40, endDelayMs: 500 };
  expect(await waits(policy, replayed({ framing: 'messages', ...body }))).toEqual(expected);
});

test('nothing recorded is nothing waited', async () => {
  expect(await waits(recorded, replayed({}))).toEqual([]);
  expect(
    await waits(
      half,
      replayed({
        body: (async function* () {
          yield part('a');
        })(),
      }),
    ),
  ).toEqual([]);
});

test('a client that leaves is not waited for', async () => {
  const { exchange, leave } = ask();
  const slow = latency(
    upstreamOf(() => replayed({ delayMs: 3_600_000 })),
    recorded,
  );
  const opening = slow.open(exchange);
  leave({ type: 'cut', by: 'client' });
  expect((await opening).outcome).toBe('replayed');
});

test('a wait is a wait', async () => {
  const slow = latency(
    upstreamOf(() => replayed({})),
    { type: 'fixed', ms: 20 },
  );
  const begun = performance.now();
  await slow.open(ask().exchange);
  expect(performance.now() - begun).toBeGreaterThan(15);
});

test('a failed attempt to connect takes the time that it took', async () => {
  const slept: number[] = [];
  const ended = { type: 'ended', ending: { type: 'refused' }, delayMs: 80 } as const;
  const upstream = upstreamOf(
    () => answer(),
    () => Promise.resolve(ended),
  );
  const slow = latency(upstream, half, async (ms) => void slept.push(ms));
  expect(await slow.offer(destination)).toBe(ended);
  expect(slept).toEqual([40]);
});
