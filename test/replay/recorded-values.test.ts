import { expect, test } from '@jest/globals';
import { createRecordedValues } from '../../src/replay/recorded-values.ts';
import { interaction } from '../mode/harness.ts';

const start = Date.parse('2026-01-01T00:00:00Z');
const uuid = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;

test('knows when servers said an id: in a body, a header or a message', () => {
  const text = (from: 'client' | 'server', atMs: number, words: string) => {
    return { from, atMs, kind: 'text', bytes: Buffer.from(words) } as const;
  };
  const { saidBefore, saidAfter } = createRecordedValues([
    interaction({
      response: { headers: [['Location', `/rooms/${uuid(1)}`]], body: Buffer.from(uuid(2)) },
      timing: { headMs: 10, endMs: 20 },
    }),
    interaction({
      kind: 'websocket',
      messages: [
        text('client', 50, uuid(3)),
        text('server', 100, `{"id":"${uuid(4)}"}`),
        text('server', 200, `{"id":"${uuid(4)}"}`),
      ],
    }),
    interaction({ kind: 'connect', response: 'none' }),
  ]);
  expect([10, 11].map((ms) => saidBefore(uuid(1), start + ms))).toEqual([false, true]);
  expect(saidBefore(uuid(2), start + 11)).toBe(true);
  expect(saidBefore(uuid(3), Number.POSITIVE_INFINITY)).toBe(false);
  expect([100, 101].map((ms) => saidBefore(uuid(4), start + ms))).toEqual([false, true]);
  expect([199, 200].map((ms) => saidAfter(uuid(4), start + ms))).toEqual([true, false]);
  expect(saidAfter(uuid(3), 0)).toBe(false);
});

test('looks through so much and no more', () => {
  const body = (words: string): Buffer =>
    Buffer.concat([Buffer.alloc(20 * 1024 * 1024, ' '), Buffer.from(words)]);
  const { saidBefore } = createRecordedValues([
    interaction({ response: { body: body(uuid(1)) } }),
    interaction({ response: { body: body(uuid(2)) } }),
  ]);
  expect([1, 2].map((n) => saidBefore(uuid(n), Number.POSITIVE_INFINITY))).toEqual([true, false]);
});
