import { expect, test } from '@jest/globals';
import { createCursors } from '../../src/replay/cursors.ts';
import { destination, interaction } from '../mode/harness.ts';
import { recordingOf } from '../mode/recordings.ts';

const ask = (path: string) => ({
  kind: 'http' as const,
  head: { method: 'GET', path },
  destination,
});

test('entries come in recorded order, then the last again and again', () => {
  const recording = recordingOf(
    interaction(),
    interaction({ request: { path: '/b' } }),
    interaction(),
  );
  const cursors = createCursors(recording);
  expect(cursors.unused()).toBe(3);
  const { key, entries } = recording.find(ask('/')) ?? { key: '', entries: [] };
  let asked = 0;
  const next = () =>
    cursors.next(key, () => {
      asked += 1;
      return entries;
    });
  const turns = [next(), next(), next(), next()];
  expect(turns.map((turn) => [turn?.entry.place, turn?.repeated])).toEqual([
    [0, false],
    [2, false],
    [2, true],
    [2, true],
  ]);
  expect(asked).toBe(1);
  expect(cursors.unused()).toBe(1);
});

test('a key without entries is a miss, each time anew', () => {
  const cursors = createCursors(recordingOf(interaction()));
  expect(cursors.next('k', () => [])).toBeUndefined();
  expect(cursors.next('k', () => [])).toBeUndefined();
  expect(cursors.unused()).toBe(1);
});

test('each session has cursors of its own', () => {
  const recording = recordingOf(interaction(), interaction());
  const { key = '', entries = [] } = recording.find(ask('/')) ?? {};
  for (const cursors of [createCursors(recording), createCursors(recording)]) {
    expect(cursors.next(key, () => entries)?.entry.place).toBe(0);
  }
});

test('a failure to connect is due once all before it with that destination was served', () => {
  const connect = interaction({
    kind: 'connect',
    ending: { type: 'refused' },
    response: 'none',
    request: { method: 'CONNECT' },
  });
  const elsewhere = interaction({
    request: { destination: { ...destination, host: 'other.test' } },
  });
  const recording = recordingOf(interaction(), elsewhere, connect);
  const cursors = createCursors(recording);
  const [due] = recording.connects(destination);
  if (due === undefined) throw new Error('no connect');
  expect(cursors.connectDue(due, destination)).toBe(false);
  const { key = '', entries = [] } = recording.find(ask('/')) ?? {};
  cursors.next(key, () => entries);
  expect(cursors.connectDue(due, destination)).toBe(true);
  cursors.served(due);
  cursors.served(due);
  expect(cursors.connectDue(due, destination)).toBe(false);
  expect(cursors.unused()).toBe(1);
});
