import { expect, test } from '@jest/globals';
import { createEnsemble, urlOf, usualReplay } from '../../src/replay/ensemble.ts';
import type { RecordedMessage } from '../../src/exchange/interaction.ts';
import { createPattern } from '../../src/support/pattern.ts';
import { ask, interaction } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';

function said(text: string, more: Partial<RecordedMessage> = {}): RecordedMessage {
  return { from: 'client', atMs: 1, kind: 'text', bytes: Buffer.from(text), ...more };
}

test('neither pings nor what is optional is waited for', () => {
  const optional = [{ pattern: createPattern('typing') }];
  const { counts } = createEnsemble(
    recordingOf(),
    { served: () => {} },
    { ...usualReplay(), optional },
  );
  const messages = [
    said('hello'),
    said('typing'),
    said('typing'),
    said('seen', { optional: true }),
    said('', { kind: 'ping' }),
    said('', { kind: 'pong' }),
  ];
  expect(messages.map(counts)).toEqual([true, false, false, false, false, false]);
});

test('sessions of a path are found whose query differs by a key', () => {
  const at = (path: string) => interaction({ kind: 'websocket', request: { path } });
  const keys = [{ by: 'query', name: 'token' }] as const;
  const recording = recordingOf(at('/?token=a'), at('/?room=1'), at('/other?token=a'));
  const ensemble = createEnsemble(recording, { served: () => {} }, { ...usualReplay(), keys });
  const { exchange } = ask({ kind: 'websocket', path: '/?token=b' });
  expect(ensemble.like(exchange).map(({ place }) => place)).toEqual([0]);
});

test('a session is named by its URL', () => {
  expect(urlOf(interaction({ request: { path: '/a?b' } }))).toBe('ws://far.test/a?b');
});

test('requests are noticed where there is a session to wait for them', () => {
  const socket = interaction({ kind: 'websocket' });
  for (const recording of [recordingOf(interaction()), recordingOf(interaction(), socket)]) {
    const { onServed } = createEnsemble(recording, { served: () => {} });
    expect(() => onServed({ interaction: interaction(), place: 0, bodyDigest: '' })).not.toThrow();
  }
});
