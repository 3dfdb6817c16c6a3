import { describe, expect, test } from '@jest/globals';
import type { Body, Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { StreamExchange } from '../../src/exchange/exchange.ts';
import type { Failure } from '../../src/exchange/failure.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { playStream } from '../../src/replay/play-stream.ts';
import { createShelves } from '../../src/replay/stream-shelf.ts';
import { rereadable } from '../../src/support/rereadable.ts';
import { ask, part, parts, read } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';
import { stream } from '../mode/streams.ts';

const destination = { host: 'far.test', port: 7, secure: false };

function exchangeOf(body: Body): StreamExchange {
  const { id, startedAt, signal } = ask().exchange;
  return { kind: 'stream', id, startedAt, signal, destination, body };
}

async function play(body: Body, strict: boolean, ...interactions: readonly Interaction[]) {
  const shelf = createShelves(recordingOf(...interactions)).find(destination);
  if (shelf === undefined) throw new Error('no streams');
  const failures: Failure[] = [];
  const served: number[] = [];
  const answer = await playStream({
    exchange: exchangeOf(body),
    shelf,
    strict,
    onMismatch: (failure) => failures.push(failure),
    onServed: ({ entry }) => served.push(entry.place),
  });
  return { answer, failures, served };
}

test('the server speaks as the client gives it cause to, and ends as it did', async () => {
  const { answer, served } = await play(parts('a', 'b'), true, stream(['>ab', '<1', '<2', '<']));
  expect(await read(answer?.body)).toBe('12');
  expect(await answer?.ending).toEqual(finished);
  expect(answer).toMatchObject({ outcome: 'replayed', interaction: 'i0' });
  expect(served).toEqual([0]);
});

test('pieces bear the pauses that were recorded', async () => {
  const { answer } = await play(parts('a'), true, stream(['>a', '<1', '<2', '<']));
  const paused: unknown[] = [];
  const body = answer?.body as Parts;
  for await (const { atMs, delayMs } of body) paused.push([atMs, delayMs]);
  expect(paused).toEqual([
    [10, 10],
    [20, 10],
  ]);
});

describe('a client that says something else', () => {
  const recorded = stream(['>a', '<1', '>b', '<2', '<']);

  test('is reset in strict replay', async () => {
    const { answer, failures } = await play(parts('a', 'x', 'y'), true, recorded);
    expect(await read(answer?.body)).toBe('1');
    expect(await answer?.ending).toEqual({ type: 'reset', by: 'server' });
    expect(answer?.outcome).toBe('missed');
    expect(failures.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'STREAM_MISMATCH far.test:7 (i0): client byte 1: expected "b", got "x"',
    ]);
  });

  test('is told of and goes on elsewhere', async () => {
    const { answer, failures } = await play(parts('a', 'x'), false, recorded);
    expect(await read(answer?.body)).toBe('12');
    expect(answer?.outcome).toBe('replayed');
    expect(failures).toHaveLength(1);
  });

  test('from the beginning is nobody’s, and can be read again', async () => {
    const body = rereadable(parts('x', 'y'), ({ bytes }) => bytes.length);
    const { answer, served } = await play(body, true, recorded);
    expect(answer).toBeUndefined();
    expect(served).toEqual([]);
    expect(await read(body)).toBe('xy');
  });
});

test.each([
  ['broke off', { ending: { type: 'reset', by: 'server' } }, { type: 'reset', by: 'server' }],
  ['was not recorded whole', { truncated: 'size' }, { type: 'reset', by: 'server' }],
] as const)('a stream that %s ends so', async (_what, changes, ending) => {
  async function* patient(): Parts {
    yield part('a');
    await new Promise(() => {});
  }
  const { answer } = await play(patient(), true, stream(['>a', '<1'], changes));
  expect(await read(answer?.body)).toBe('1');
  expect(await answer?.ending).toEqual(ending);
});

test('a client that leaves early ends it in order', async () => {
  const { answer } = await play(parts('a'), true, stream(['>a', '<1', '>b', '<2']));
  expect(await read(answer?.body)).toBe('1');
  expect(await answer?.ending).toEqual(finished);
});

test('one that says nothing is given the next', async () => {
  const { answer, served } = await play(parts(), true, stream(['>', '<bye', '<']));
  expect(served).toEqual([0]);
  expect(await read(answer?.body)).toBe('bye');
});

test('a body that is whole is heard too', async () => {
  const { answer } = await play(Buffer.from('a'), true, stream(['>a', '<1', '<']));
  expect(await read(answer?.body)).toBe('1');
});
