import { describe, expect, test } from '@jest/globals';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { createCursors } from '../../src/replay/cursors.ts';
import { replayStreams } from '../../src/replay/replay-stream.ts';
import { ask, interaction, parts, read } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';
import type { Said } from '../mode/streams.ts';
import { stream } from '../mode/streams.ts';

const far = { host: 'far.test', port: 7, secure: false };

function replaying(...interactions: readonly Interaction[]) {
  const recording = recordingOf(...interactions);
  const cursors = createCursors(recording);
  const streams = replayStreams({ recording, cursors, strict: true, onMismatch: () => {} });
  const open = (said: string, untouched?: 'passthrough' | 'opaque') => {
    const { id, startedAt, signal } = ask().exchange;
    const body = parts(said);
    const exchange = { kind: 'stream', id, startedAt, signal, destination: far, body } as const;
    return streams.open(untouched === undefined ? exchange : { ...exchange, untouched });
  };
  return { ...streams, cursors, open };
}

describe('the terms of a destination', () => {
  const spoke = async (...said: readonly (readonly Said[])[]) => {
    const { terms } = replaying(...said.map((one) => stream(one)));
    const { serverSpoke } = terms(far) ?? {};
    const first = await Promise.race([
      serverSpoke,
      new Promise((go) => setImmediate(go, 'not yet')),
    ]);
    return serverSpoke === undefined ? 'never' : (first ?? 'at once');
  };

  test('say that the server speaks first where it always did', async () => {
    expect(await spoke(['<a'], ['<b'])).toBe('at once');
    expect(await spoke(['<a'], ['>b'])).toBe('not yet');
    expect(await spoke(['>a'])).toBe('never');
  });

  test('bear the protocol that was negotiated, and are none of what was not recorded', () => {
    expect(replaying(stream(['>a'], { alpn: 'x' })).terms(far)).toEqual({
      type: 'terms',
      alpn: 'x',
    });
    expect(replaying(interaction()).terms(far)).toBeUndefined();
  });
});

test('a recorded stream is served and counted', async () => {
  const { open, cursors } = replaying(stream(['>a', '<1', '<']));
  expect(cursors.unused()).toBe(1);
  expect(await read((await open('a', 'opaque')).body)).toBe('1');
  expect(cursors.unused()).toBe(0);
});

describe('a miss', () => {
  const codeOf = async (...opened: Parameters<ReturnType<typeof replaying>['open']>) => {
    const given = await replaying(stream(['>b'])).open(...opened);
    return [given.outcome, given.failure?.code, given.failure?.message];
  };

  test('is what begins like no recorded stream', async () => {
    expect(await codeOf('a')).toEqual([
      'missed',
      'UNRECORDED_STREAM',
      'a raw stream to far.test:7: none of 1 begins like it',
    ]);
    expect((await replaying().open('a')).failure?.message).toBe('a raw stream to far.test:7');
  });

  test('is TLS that is passed through', async () => {
    expect((await codeOf('b', 'passthrough'))[1]).toBe('PASSTHROUGH_UNRECORDED');
  });
});
