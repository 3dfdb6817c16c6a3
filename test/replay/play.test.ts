import { describe, expect, test } from '@jest/globals';
import type { Ending, Part, Side } from '../../src/exchange/conversation.ts';
import type { Failure } from '../../src/exchange/failure.ts';
import type { RecordedMessage, Truncated } from '../../src/exchange/interaction.ts';
import { createEnsemble, usualReplay } from '../../src/replay/ensemble.ts';
import type { Played } from '../../src/replay/play.ts';
import { play } from '../../src/replay/play.ts';
import { createChannel } from '../../src/support/channel.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import type { HttpExchange } from '../../src/exchange/exchange.ts';
import type { WebSocketReplay } from '../../src/replay/ensemble.ts';
import { ask, interaction } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';

const bye: Ending = { type: 'closed', by: 'server', code: 1000, reason: 'bye' };

/** `C:hello` is a text of the client, `S:…` one of the server; `C!` and `S!` are pings, `S?` a pong. */
function message(words: string, place: number): RecordedMessage {
  const from: Side = words.startsWith('C') ? 'client' : 'server';
  const kinds = { ':': 'text', '#': 'binary', '!': 'ping', '?': 'pong' } as const;
  const kind = kinds[words[1] as keyof typeof kinds];
  return { from, kind, atMs: (place + 1) * 10, bytes: Buffer.from(words.slice(2)) };
}

/** Plays one session, alone in its recording. */
function playOne(
  recorded: Interaction,
  exchange: HttpExchange,
  how: {
    readonly strict?: boolean;
    readonly onMismatch?: (failure: Failure) => void;
    readonly replay?: Partial<WebSocketReplay>;
  } = {},
): Played {
  const replay = { ...usualReplay(), ...how.replay };
  const ensemble = createEnsemble(recordingOf(recorded), { served: () => {} }, replay);
  return play({
    exchange,
    ensemble,
    choice: { interaction: recorded, place: 0, bodyDigest: '' },
    slot: replay.stage.enter({ id: exchange.id, url: 'ws://far.test/', policy: replay.policy }),
    strict: how.strict ?? true,
    onMismatch: how.onMismatch ?? (() => {}),
  });
}

function playing(
  script: readonly string[],
  {
    strict = true,
    ending = bye,
    truncated,
    replay = {},
  }: {
    strict?: boolean;
    ending?: Ending;
    truncated?: Truncated;
    replay?: Partial<WebSocketReplay>;
  } = {},
) {
  const client = createChannel<Part>(10_000);
  const { exchange, leave } = ask({ kind: 'websocket', body: client });
  const failures: Failure[] = [];
  const recorded = interaction({
    kind: 'websocket',
    messages: script.map(message),
    timing: { headMs: 5, endMs: 1000 },
    ending,
    ...(truncated !== undefined && { truncated }),
  });
  const onMismatch = (failure: Failure): void => void failures.push(failure);
  const played = playOne(recorded, exchange, { strict, onMismatch, replay });
  const heard: Part[] = [];
  const done = (async () => {
    for await (const one of played.parts) heard.push(one);
    return played.ending;
  })();
  const says = (words: string): void => {
    const { kind, bytes } = message(words, 0);
    if (kind !== 'end' && kind !== 'message') void client.push({ atMs: 0, kind, bytes });
  };
  const goes = (how: Ending): void => {
    leave(how);
    client.end();
  };
  return { heard, done, says, goes, failures, played };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const texts = (heard: readonly Part[]): string[] => heard.map(({ bytes }) => bytes.toString());

test('the server speaks in recorded order, each time once the client has said its part', async () => {
  const { heard, done, says } = playing(['S:welcome', 'C:a', 'C:b', 'S#ab', 'S!p', 'S?q', 'C:c']);
  await turn();
  expect(texts(heard)).toEqual(['welcome']);
  says('C:a');
  await turn();
  expect(texts(heard)).toEqual(['welcome']);
  says('C:b');
  await turn();
  // Pongs answer this client's pings: the framing sends them.
  expect(heard.map(({ kind }) => kind)).toEqual(['text', 'binary', 'ping']);
  says('C:c');
  expect(await done).toEqual(bye);
});

test('pauses are those between messages, of either side', async () => {
  const { heard, done, says } = playing(['S:10', 'C:20', 'S:30', 'S?40', 'S:50']);
  says('C:20');
  await done;
  expect(heard.map(({ delayMs }) => delayMs)).toEqual([5, 10, 10]);
  expect(heard.map(({ atMs }) => atMs)).toEqual([10, 30, 50]);
});

test('pings and pongs of the client never gate or fail', async () => {
  const { done, says, heard, failures } = playing(['C!p', 'C:a', 'C?q', 'S:b']);
  says('C?x');
  says('C!y');
  says('C:a');
  expect(await done).toEqual(bye);
  expect(texts(heard)).toEqual(['b']);
  expect(failures).toEqual([]);
});

describe('another message than the recorded one', () => {
  test.each([
    ['C:b', 'client message 1: expected "c", got "b"'],
    ['C#c', 'client message 1: expected "c", got binary of 1 bytes'],
  ])('%s ends a strict replay and names expected, got and index', async (said, detail) => {
    const { done, says, heard, failures } = playing(['C:a', 'C:c', 'S:never']);
    says('C:a');
    says(said);
    expect(await done).toEqual({ type: 'closed', by: 'server', code: 1008, reason: detail });
    expect(failures).toMatchObject([{ code: 'SEQUENCE_MISMATCH', message: detail }]);
    expect(heard).toEqual([]);
  });

  test('is told of in a permissive replay, which goes on', async () => {
    const { done, says, heard, failures } = playing(['C:a', 'S:b'], { strict: false });
    says('C:x');
    expect(await done).toEqual(bye);
    expect(texts(heard)).toEqual(['b']);
    expect(failures).toHaveLength(1);
  });

  test.each([
    ['x'.repeat(2_000_000), 'y'.repeat(2_000_000)],
    ['ü'.repeat(500), '😀'.repeat(500)],
  ])('is named in 123 bytes however long, and whole in the failure', async (wanted, given) => {
    const { done, says, failures } = playing([`C:${wanted}`]);
    says(`C:${given}`);
    const ending = await done;
    const reason = ending.type === 'closed' ? ending.reason : '';
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    expect(reason).not.toContain('\uFFFD');
    expect(reason).toMatch(
      new RegExp(
        `^client message 0: expected "${wanted.slice(0, 8)}.*…, got "${given.slice(0, 8)}.*…$`,
      ),
    );
    expect(failures[0]?.message).toBe(`client message 0: expected "${wanted}", got "${given}"`);
  });
});

describe('a session that the client closed', () => {
  const ending: Ending = { type: 'closed', by: 'client', code: 1000, reason: '' };
  const closes: Ending = { type: 'closed', by: 'client', code: 4000, reason: 'mine' };

  test('waits for this client’s close', async () => {
    const { done, goes, heard } = playing(['S:a'], { ending });
    await turn();
    expect(texts(heard)).toEqual(['a']);
    goes(closes);
    expect(await done).toEqual(closes);
  });

  test('fails where a strict client says more, and shrugs where it is permissive', async () => {
    const strict = playing([], { ending });
    strict.says('C:more');
    expect(await strict.done).toMatchObject({
      code: 1008,
      reason: 'client message 0: expected the close, got "more"',
    });
    const permissive = playing([], { ending, strict: false });
    permissive.says('C:more');
    await turn();
    permissive.goes(closes);
    expect(await permissive.done).toEqual(closes);
    expect(permissive.failures).toHaveLength(1);
  });
});

test('a client that goes instead of speaking ends it, its own way', async () => {
  const { done, goes } = playing(['C:a', 'S:never']);
  await turn();
  goes({ type: 'reset', by: 'client' });
  expect(await done).toEqual({ type: 'reset', by: 'client' });
});

test('a reader that stops ends it with how the client went', async () => {
  const { exchange, leave } = ask({ kind: 'websocket' });
  const { parts, ending } = playOne(
    interaction({ messages: ['S:a', 'S:b'].map(message), ending: bye }),
    exchange,
  );
  const iterator = parts[Symbol.asyncIterator]();
  await iterator.next();
  leave({ type: 'cut', by: 'client' });
  await iterator.return?.();
  expect(await ending).toEqual({ type: 'cut', by: 'client' });
});

test('without messages there is only the ending', async () => {
  const { exchange } = ask({ kind: 'websocket' });
  const { parts, ending } = playOne(
    interaction({ ending: { type: 'reset', by: 'server' } }),
    exchange,
  );
  expect((await parts[Symbol.asyncIterator]().next()).done).toBe(true);
  expect(await ending).toEqual({ type: 'reset', by: 'server' });
});

test.each<[Truncated, Ending, Ending]>([
  ['size', bye, { type: 'cut', by: 'server' }],
  ['killed', bye, { type: 'cut', by: 'server' }],
  // The client broke the protocol and the server closed: this one may do it, too, and is waited for.
  ['malformed', bye, { type: 'cut', by: 'client' }],
  ['malformed', { ...bye, by: 'client' }, { type: 'cut', by: 'server' }],
])('a recording that is not whole (%s), which ended with %j, ends with %j', async (...row) => {
  const [truncated, ending, expected] = row;
  const { done, goes } = playing(['S:a'], { truncated, ending });
  if ('by' in expected && expected.by === 'client') goes(expected);
  expect(await done).toEqual(expected);
});

test.each([
  ['synchronized', [5, 10]],
  ['timed', [0, 0]],
] as const)('%s: the pauses that are left to be waited out', async (policy, pauses) => {
  const { heard, done } = playing(['S:a', 'S:b'], { replay: { policy, pace: 0.01 } });
  await done;
  expect(heard.map(({ delayMs }) => delayMs)).toEqual(pauses);
});
