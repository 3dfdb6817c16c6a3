import { describe, expect, test } from '@jest/globals';
import type { Ending, Parts } from '../../src/exchange/conversation.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { createCursors } from '../../src/replay/cursors.ts';
import { createEnsemble } from '../../src/replay/ensemble.ts';
import { replay } from '../../src/replay/replay.ts';
import { rereadable } from '../../src/support/rereadable.ts';
import type { Asked } from '../mode/harness.ts';
import { ask, askStream, destination, interaction, parts, read } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';

function replaying(...interactions: readonly Interaction[]) {
  const recording = recordingOf(...interactions);
  const cursors = createCursors(recording);
  const upstream = replay({
    recording,
    cursors,
    ensemble: createEnsemble(recording, cursors),
    strict: true,
    bodyBytesMax: 10,
    onMismatch: () => {},
    onFailure: () => {},
  });
  return { upstream, cursors, open: ({ exchange }: Asked) => upstream.open(exchange) };
}

const answering = (text: string, request: Partial<Interaction['request']> = {}): Interaction =>
  interaction({ request, response: { body: Buffer.from(text) } });

test('equal requests are answered in recorded order, then the last repeats', async () => {
  const { open } = replaying(answering('1'), answering('2'));
  const got = [await open(ask()), await open(ask()), await open(ask())];
  expect(got.map(({ outcome }) => outcome)).toEqual(['replayed', 'replayed', 'repeated']);
  expect(await Promise.all(got.map(({ body }) => read(body)))).toEqual(['1', '2', '2']);
  expect(got.map((one) => one.interaction)).toEqual(['i0', 'i1', 'i1']);
});

describe('candidates that differ by their body', () => {
  const post = (text: string): Interaction =>
    answering(text, { method: 'POST', body: Buffer.from(text) });

  test.each([
    ['in memory', (text: string) => Buffer.from(text)],
    ['in parts', (text: string) => parts(...text.split(''))],
    ['readable again', (text: string) => rereadable(parts(text), () => 1)],
  ])('are told apart by it (%s)', async (_how, body) => {
    const { open } = replaying(post('one'), post('two'), post('one'));
    for (const text of ['two', 'one', 'one']) {
      const given = await open(ask({ method: 'POST', body: body(text) }));
      expect(await read(given.body)).toBe(text);
      expect(given.outcome).toBe('replayed');
    }
    expect((await open(ask({ method: 'POST', body: body('none') }))).outcome).toBe('missed');
  });

  test('decide on the head where the body is over the limit, or was recorded in part', async () => {
    const { open } = replaying(post('one'), post('two'));
    const long = 'x'.repeat(11);
    const body = parts(long, 'more');
    const given = await open(ask({ method: 'POST', body }));
    expect(await read(given.body)).toBe('one');
    // The body was let go of: whoever would read it on finds its end.
    expect(await read(body)).toBe('');
    const partial = replaying(answering('any', { method: 'POST', partial: true }));
    const any = await partial.open(ask({ method: 'POST', body: Buffer.from('whatever') }));
    expect(await read(any.body)).toBe('any');
  });

  test('an empty and an absent body are one to a client', async () => {
    const { open } = replaying(answering('a', { body: Buffer.alloc(0) }), answering('b'));
    expect(await read((await open(ask())).body)).toBe('a');
    expect(await read((await open(ask({ body: Buffer.alloc(0) }))).body)).toBe('b');
  });
});

test('a client that expects 100-continue is told before its body is read, and once', async () => {
  const recorded = interaction({
    request: { method: 'POST', body: Buffer.from('abc') },
    response: {
      informational: [100, 103].map((status) => ({
        atMs: 1,
        head: { status, statusText: '', httpVersion: '1.1', headers: [] },
      })),
    },
  });
  const { open } = replaying(recorded);
  async function* late(): Parts {
    expect(asked.informed.map(({ status }) => status)).toEqual([100]);
    yield* parts('abc');
  }
  const asked: Asked = ask({
    method: 'POST',
    headers: [['Expect', '100-Continue']],
    body: late(),
  });
  expect((await open(asked)).outcome).toBe('replayed');
  expect(asked.informed.map(({ status }) => status)).toEqual([100, 103]);
});

describe('a miss', () => {
  test('says what is closest, only when it is asked', async () => {
    const { open } = replaying(interaction({ request: { path: '/a?x=1' } }));
    const { failure, outcome, ...rest } = await open(ask({ path: '/a?x=2' }));
    expect(outcome).toBe('missed');
    expect(rest).toMatchObject({ body: undefined, ending: { type: 'cut', by: 'server' } });
    expect(failure).toMatchObject({
      code: 'NO_MATCHING_INTERACTION',
      message: 'GET far.test:80/a?x=2 is not in c',
    });
    expect(failure?.explain?.()).toEqual({
      closest: {
        id: 'i0',
        method: 'GET',
        path: '/a?x=1',
        differences: [{ field: 'query.x', recorded: '1', got: '2' }],
      },
    });
  });

  test('knows that only the body differs', async () => {
    const { open } = replaying(answering('a', { method: 'POST', body: Buffer.from('one') }));
    const { failure } = await open(ask({ method: 'POST', body: Buffer.from('two') }));
    expect(failure?.explain?.()).toMatchObject({ closest: { differences: [{ field: 'body' }] } });
  });

  test('has nothing to say where nothing is near', async () => {
    const { open } = replaying();
    expect((await open(ask())).failure?.explain?.()).toEqual({});
  });

  test('is what a raw stream always is', async () => {
    const { upstream } = replaying(interaction());
    expect(await upstream.open(askStream())).toMatchObject({
      outcome: 'missed',
      failure: { code: 'UNRECORDED_STREAM' },
    });
  });
});

test('TLS that is passed through is a miss of its own', async () => {
  const { upstream } = replaying(interaction());
  const exchange = { ...askStream(), untouched: 'passthrough' } as const;
  expect(await upstream.open(exchange)).toMatchObject({
    outcome: 'missed',
    failure: { code: 'PASSTHROUGH_UNRECORDED' },
  });
});

describe('an offer', () => {
  const refused: Ending = { type: 'refused' };
  const connect = interaction({
    kind: 'connect',
    ending: refused,
    response: 'none',
    request: { method: 'CONNECT' },
  });

  test('knows the destinations of the recording', async () => {
    const { upstream } = replaying(interaction());
    expect(await upstream.offer(destination)).toEqual({
      type: 'terms',
      alpn: 'http/1.1',
      connectProtocol: false,
    });
    expect(await upstream.offer({ ...destination, host: 'x' })).toEqual({ type: 'unknown' });
  });

  test('has the protocol in which the destination was asked', async () => {
    const { request } = interaction();
    const over2 = { ...request, httpVersion: '2.0' };
    const { upstream } = replaying(interaction({ kind: 'websocket', request: over2 }));
    expect(await upstream.offer(destination)).toEqual({
      type: 'terms',
      alpn: 'h2',
      connectProtocol: true,
    });
  });

  test('fails where the recorded attempt failed, in its place', async () => {
    const { upstream, open, cursors } = replaying(connect, interaction(), connect);
    const failed = { type: 'ended', ending: refused, outcome: 'replayed', delayMs: 2 };
    expect(await upstream.offer(destination)).toEqual(failed);
    expect(await upstream.offer(destination)).toMatchObject({ type: 'terms' });
    await open(ask());
    expect(await upstream.offer(destination)).toEqual(failed);
    expect(cursors.unused()).toBe(0);
    expect(await upstream.offer(destination)).toMatchObject({ type: 'terms' });
  });

  test('fails again and again where nothing else was recorded', async () => {
    const { upstream } = replaying(connect);
    await upstream.offer(destination);
    expect(await upstream.offer(destination)).toEqual({
      type: 'ended',
      ending: refused,
      outcome: 'repeated',
      delayMs: expect.any(Number),
    });
  });
});
