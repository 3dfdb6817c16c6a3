import { expect, test } from '@jest/globals';
import type { RecordedMessage } from '../../src/exchange/interaction.ts';
import { createStage } from '../../src/replay/stage.ts';

const messages: readonly RecordedMessage[] = [
  { from: 'server', atMs: 1, kind: 'text', bytes: Buffer.from('Grüße') },
  { from: 'client', atMs: 2, kind: 'binary', bytes: Buffer.from([1, 2]) },
  { from: 'server', atMs: 3, kind: 'text', bytes: Buffer.alloc(10_000, 'x') },
];
const url = 'ws://far.test/';

test('a session is listed with its place, and peeking consumes nothing', () => {
  const stage = createStage();
  const slot = stage.enter({ id: 'a', url, policy: 'synchronized' });
  expect(stage.list().sessions).toEqual([
    { id: 'a', url, policy: 'synchronized', interaction: null, messages: 0, place: 0, next: null },
  ]);
  slot.plays('i0', messages);
  const first = { interaction: 'i0', place: 0, messages: 3, text: 'Grüße' };
  expect(stage.peek('a')).toMatchObject({
    ...first,
    next: { from: 'server', kind: 'text', bytes: 7 },
  });
  expect(stage.peek('a')).toMatchObject(first);
  expect(stage.list().sessions[0]).not.toHaveProperty('text');
  slot.reached(1);
  expect(stage.peek('a')).toMatchObject({ place: 1, base64: 'AQI=', next: { from: 'client' } });
  slot.reached(2);
  expect(stage.peek('a')?.text).toHaveLength(4096);
  slot.reached(3);
  expect(stage.peek('a')).toMatchObject({ place: 3, next: null });
  slot.leave();
  expect([stage.peek('a'), stage.list().count]).toEqual([undefined, 0]);
});

test('each advance releases one message, also one that comes later', async () => {
  const stage = createStage();
  const slot = stage.enter({ id: 'a', url, policy: 'triggered' });
  slot.plays('i0', messages);
  expect(stage.advance('a')).toMatchObject({ id: 'a', place: 0 });
  await slot.turn();
  let released = false;
  const second = slot.turn().then(() => (released = true));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(released).toBe(false);
  stage.advance('a');
  await second;
});

test('nobody advances what is not there, or goes by itself', () => {
  const stage = createStage();
  stage.enter({ id: 'a', url, policy: 'timed' });
  expect([stage.advance('b'), stage.advance('a')]).toEqual(['unknown', 'not triggered']);
});

test('a thousand are listed, and the rest counted', () => {
  const stage = createStage();
  for (let n = 0; n < 1_001; n += 1) stage.enter({ id: `s${n}`, url, policy: 'timed' });
  expect([stage.list().sessions.length, stage.list().count]).toEqual([1_000, 1_001]);
});

test('resetting asks everybody who takes part', () => {
  const stage = createStage();
  const asked: (string | undefined)[] = [];
  for (const count of [1, 2]) stage.onReset((which) => (asked.push(which), count));
  expect([stage.reset(url), stage.reset()]).toEqual([3, 3]);
  expect(asked).toEqual([url, url, undefined, undefined]);
});
