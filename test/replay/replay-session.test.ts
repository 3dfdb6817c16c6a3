import { describe, expect, test } from '@jest/globals';
import type { Entry } from '../../src/cassette/cassette.ts';
import type { Part, Side } from '../../src/exchange/conversation.ts';
import type { Failure } from '../../src/exchange/failure.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Interaction, RecordedMessage } from '../../src/exchange/interaction.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { callerOf } from '../../src/cassette/caller.ts';
import type { WebSocketReplay } from '../../src/replay/ensemble.ts';
import { createEnsemble, usualReplay } from '../../src/replay/ensemble.ts';
import { replaySession } from '../../src/replay/replay-session.ts';
import { ask, interaction, part, read } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';

function session(script: readonly string[], headers: Headers = []): Interaction {
  const caller = callerOf(headers);
  return interaction({
    kind: 'websocket',
    request: { headers: headers.map(([name]) => [name, '[FILTERED]']), ...(caller && { caller }) },
    response: { status: 101 },
    messages: script.map((line, place): RecordedMessage => {
      const from: Side = line.startsWith('C') ? 'client' : 'server';
      return { from, kind: 'text', atMs: place, bytes: Buffer.from(line.slice(2)) };
    }),
    ending: { type: 'closed', by: 'server', code: 1000, reason: '' },
  });
}

function stageOf(sessions: readonly Interaction[], replay: Partial<WebSocketReplay> = {}) {
  const recording = recordingOf(...sessions);
  const how = { ...usualReplay(), ...replay };
  const served: number[] = [];
  const ensemble = createEnsemble(
    recording,
    { served: ({ place }) => void served.push(place) },
    how,
  );
  const entries = recording.interactions.map((one, place): Entry => {
    return { interaction: one, place, bodyDigest: '' };
  });
  const failures: Failure[] = [];
  /** Asks for a session and says some texts; gives the answer and all that was heard. */
  const talk = async (
    texts: readonly string[],
    headers: Headers = [],
  ): Promise<{ answer: Answer; heard: string }> => {
    async function* says(): AsyncGenerator<Part> {
      for (const text of texts) yield part(text, 'text');
    }
    const { exchange } = ask({ kind: 'websocket', headers, body: says() });
    const answer = replaySession(
      { exchange, ensemble, strict: true, onMismatch: (_, failure) => failures.push(failure) },
      entries,
    );
    if (answer === undefined) throw new Error('no session');
    return { answer, heard: await read(answer.body) };
  };
  return { talk, served, failures, stage: how.stage };
}

test('a session is played; one whose client says something else was missed', async () => {
  const { talk, failures } = stageOf([session(['C:hello'])]);
  const good = await talk(['hello']);
  expect(good.answer).toMatchObject({
    framing: 'messages',
    outcome: 'replayed',
    interaction: 'i0',
  });
  expect((await talk(['hello'])).answer.outcome).toBe('repeated');
  const bad = await talk(['goodbye']);
  expect(bad.answer.outcome).toBe('missed');
  expect(await bad.answer.ending).toMatchObject({ type: 'closed', code: 1008 });
  expect(failures).toMatchObject([{ code: 'SEQUENCE_MISMATCH' }]);
});

describe('sessions of one URL', () => {
  test('come in their order where nothing tells them apart, then the last again', async () => {
    const { talk, served, stage } = stageOf([session(['S:1']), session(['S:2'])]);
    const heard = async () => (await talk([])).heard;
    expect([await heard(), await heard(), await heard()]).toEqual(['1', '2', '2']);
    expect(stage.reset('ws://far.test/other')).toBe(0);
    expect(stage.reset('ws://far.test/')).toBe(2);
    expect([await heard(), await heard()]).toEqual(['1', '2']);
    expect(served).toEqual([0, 1, 1, 0, 1]);
    expect(stage.reset()).toBe(2);
  });

  test('are those of their callers', async () => {
    const of = (name: string): Headers => [['Authorization', `Bearer ${name}-secret`]];
    const { talk } = stageOf([session(['S:ann'], of('ann')), session(['S:bob'], of('bob'))]);
    const heard = async (name: string) => (await talk([], of(name))).heard;
    expect([await heard('bob'), await heard('bob'), await heard('ann')]).toEqual([
      'bob',
      'bob',
      'ann',
    ]);
  });

  test('are told apart by the first message, after what the server says to all', async () => {
    const { talk, served } = stageOf([
      session(['S:who?', 'C:ann', 'S:hi ann']),
      session(['S:who?', 'C:bob', 'S:hi bob']),
    ]);
    expect((await talk(['bob'])).heard).toBe('who?hi bob');
    expect((await talk(['ann'])).heard).toBe('who?hi ann');
    const again = await talk(['bob']);
    expect(again.answer).toMatchObject({ outcome: 'repeated', interaction: 'i1' });
    expect(served).toEqual([1, 0, 1]);
  });

  test('whose first message nobody said are missed as the next in order', async () => {
    const { talk, failures } = stageOf([session(['C:ann']), session(['C:bob'])]);
    expect((await talk(['eve'])).answer).toMatchObject({ outcome: 'missed', interaction: 'i0' });
    expect(failures[0]?.message).toBe('client message 0: expected "ann", got "eve"');
    const left = await talk([]);
    expect(left.answer.interaction).toBe('i1');
    expect(await left.answer.ending).toMatchObject({ by: 'client' });
  });

  test('that differ before are not told apart by it, nor where the server does not wait', async () => {
    const differ = stageOf([session(['S:1', 'C:ann']), session(['S:2', 'C:bob'])]);
    expect((await differ.talk(['ann'])).answer.outcome).toBe('replayed');
    const timed = stageOf([session(['C:ann']), session(['C:bob'])], { policy: 'timed', pace: 0 });
    expect((await timed.talk(['ann'])).answer).toMatchObject({ interaction: 'i0' });
  });

  test('are told apart by no message where that is no key', async () => {
    const { talk } = stageOf([session(['C:ann']), session(['C:bob'])], { keys: [] });
    expect((await talk(['bob'])).answer.outcome).toBe('missed');
  });
});

test('a handshake that was refused is an ordinary answer', async () => {
  const refused = interaction({
    kind: 'websocket',
    response: { status: 403, body: Buffer.from('no') },
  });
  const { talk, served } = stageOf([refused]);
  const { answer } = await talk([]);
  expect(answer).toMatchObject({ head: { status: 403 }, body: Buffer.from('no') });
  expect(answer).not.toHaveProperty('framing');
  expect(served).toEqual([0]);
});
