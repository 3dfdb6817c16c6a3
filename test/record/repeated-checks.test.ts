import { expect, test } from '@jest/globals';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { withoutRepeatedChecks } from '../../src/record/repeated-checks.ts';
import { grpcHeaders, recordedCall } from '../mode/calls.ts';

const path = '/grpc.health.v1.Health/Check';

function check(
  sequence: number,
  state: string,
  changes: Parameters<typeof recordedCall>[1] = {},
): Interaction {
  const request = { method: 'POST', path, headers: grpcHeaders, ...changes.request };
  return recordedCall(['c:', 'c.', 'head', `s:${state}`], { sequence, ...changes, request });
}

/** What of some interactions is written, by their places. */
async function written(all: readonly Interaction[]): Promise<readonly number[]> {
  const places: number[] = [];
  const append = withoutRepeatedChecks(async ({ sequence }) => void places.push(sequence));
  for (const interaction of all) await append(interaction);
  return places;
}

test('equal answers are written once, and not at all after the last change', async () => {
  expect(await written([check(0, 'up'), check(1, 'up'), check(2, 'up')])).toEqual([0]);
});

test('a change comes in its turn: what was held back is written before it', async () => {
  const all = ['up', 'up', 'up', 'down', 'down', 'up', 'up'].map((state, n) => check(n, state));
  expect(await written(all)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('what was asked, and of whom, is told apart; other calls are left alone', async () => {
  const other = { host: 'other.test', port: 80, secure: false };
  const all = [
    check(0, 'up'),
    check(1, 'up', { request: { destination: other } }),
    recordedCall(['c:x', 'c.', 'head', 's:up'], { sequence: 2, request: { path } }),
    recordedCall(['c:', 'c.', 'head', 's:up'], { sequence: 3 }),
    recordedCall(['c:', 'c.', 'head', 's:up'], { sequence: 4 }),
    check(5, 'up', { ending: { type: 'reset', by: 'server', code: 2 } }),
  ];
  expect(await written(all)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a date in the metadata is no other answer', async () => {
  const dated = (date: string) => ({ response: { headers: [['date', date] as const] } });
  expect(await written([check(0, 'up', dated('1')), check(1, 'up', dated('2'))])).toEqual([0]);
});

test('no more than a thousand are held back', async () => {
  const same = Array.from({ length: 1102 }, (_one, sequence) => check(sequence, 'up'));
  const places = await written([...same, check(1102, 'down')]);
  expect(places).toHaveLength(1002);
  expect(places.slice(0, 2)).toEqual([0, 102]);
});
