import { describe, expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import type { WebSocketReplay } from '../../src/replay/ensemble.ts';
import { createEnsemble, usualReplay } from '../../src/replay/ensemble.ts';
import type { Scene } from '../../src/replay/scene.ts';
import { createScene } from '../../src/replay/scene.ts';
import { createStandIns } from '../../src/replay/stand-ins.ts';
import { ask, interaction } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';

function sceneOf(recorded: Interaction, how: Partial<WebSocketReplay> = {}, place = 0): Scene {
  const { exchange } = ask({ kind: 'websocket' });
  const replay = { ...usualReplay(), ...how };
  const ensemble = createEnsemble(recordingOf(recorded), { served: () => {} }, replay);
  const entry = { interaction: recorded, place: 0, bodyDigest: '' };
  const slot = replay.stage.enter({ id: 'a', url: '', policy: replay.policy });
  const playing = { exchange, ensemble, choice: entry, slot, strict: true, onMismatch: () => {} };
  return createScene(playing, { entry, place, standIns: createStandIns({ tokens: new Map() }) });
}

const said = (text: string, atMs: number) =>
  ({ from: 'server', kind: 'text', atMs, bytes: Buffer.from(text) }) as const;

describe('a session ends', () => {
  const closed = (by: 'client' | 'server'): Ending => ({
    type: 'closed',
    by,
    code: 1000,
    reason: '',
  });

  test('as it did, the end of a client being waited for', () => {
    for (const by of ['client', 'server'] as const) {
      const { recorded, sequence } = sceneOf(interaction({ ending: closed(by) }));
      expect([recorded, sequence.clientEnds]).toEqual([closed(by), by === 'client']);
    }
  });

  test('cut, where the recording stops before it did', () => {
    const { recorded, sequence } = sceneOf(
      interaction({ ending: closed('client'), truncated: 'size' }),
    );
    expect([recorded, sequence.clientEnds]).toEqual([{ type: 'cut', by: 'server' }, false]);
  });

  test('with the refusal of a client that says something else', () => {
    const { refusal, sequence } = sceneOf(interaction());
    expect(refusal()).toBeUndefined();
    expect(sequence.mismatched({ place: 0, expected: undefined, got: said('x', 1) })).toBe(true);
    expect(refusal()).toMatchObject({ type: 'closed', code: 1008 });
  });
});

test('what has gone out already is left out, and its pause counts from there', () => {
  const recorded = interaction({
    messages: [said('a', 10), said('b', 30)],
    timing: { headMs: 5, endMs: 50 },
  });
  expect(sceneOf(recorded).sequence).toMatchObject({ headMs: 5, messages: [{}, {}] });
  expect(sceneOf(recorded, {}, 1).sequence).toMatchObject({ headMs: 10, messages: [{ atMs: 30 }] });
});

test('the server goes by its times under timed, at the pace asked for', async () => {
  const recorded = interaction({ messages: [said('a', 60)], timing: { headMs: 0, endMs: 80 } });
  const { sequence } = sceneOf(recorded, { policy: 'timed', pace: 0.5 });
  const startedAt = performance.now();
  expect(sequence.inStep).toBe(false);
  await sequence.gate?.(said('a', 60), 0);
  expect(performance.now() - startedAt).toBeGreaterThan(25);
  await sequence.endGate?.();
  expect(performance.now() - startedAt).toBeGreaterThan(35);
});
