import { expect, test } from '@jest/globals';
import { createPrompter, cueOfEnding } from '../../src/replay/stream-cues.ts';
import { stream } from '../mode/streams.ts';

const line = (atMs: number) => ({ atMs, delayMs: 0, bytes: undefined });

test('lines are due in their order, once each', () => {
  const prompter = createPrompter([
    { after: 0, line: line(1) },
    { after: 2, line: line(2) },
    { after: 1, line: line(3) },
  ]);
  expect(prompter.due(0)).toEqual([line(1)]);
  expect(prompter.due(1)).toEqual([]);
  expect(prompter.due(2)).toEqual([line(2), line(3)]);
  expect(prompter.due(9)).toEqual([]);
});

test('a stream ends where it broke off, or its recording did; not where its client left', () => {
  const said = ['>a', '<b'] as const;
  const end = { after: 1, line: { atMs: 20, delayMs: 10, bytes: undefined } };
  const reset = { type: 'reset', by: 'server' } as const;
  expect(cueOfEnding(stream(said, { ending: reset }), 1)).toEqual([end]);
  expect(cueOfEnding(stream(said, { truncated: 'size' }), 1)).toEqual([end]);
  expect(cueOfEnding(stream(said), 1)).toEqual([]);
  expect(cueOfEnding(stream(['>a', '<b', '<']), 1)).toEqual([]);
});
