import { expect, test } from '@jest/globals';
import type { LogContent } from '../../src/cassette/log.ts';
import type { LogEntry } from '../../src/cassette/log-drafts.ts';
import { planMerge } from '../../src/cassette/merge.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { sample } from './samples.ts';

async function merge(
  old: readonly Interaction[],
  added: readonly Interaction[],
  mayRepeat: boolean,
) {
  const entries = added.map(
    ({ id, sequence }, at): LogEntry => ({ id, sequence, at, length: 0, run: 0, newer: false }),
  );
  const content: LogContent = {
    path: 'c.wal',
    begin: undefined,
    ended: true,
    entries,
    killed: 0,
    unanswered: 0,
    files: new Set(),
    soundBytes: 0,
    bytes: 0,
  };
  let reads = 0;
  const read = (entry: LogEntry): Promise<Interaction> => {
    reads += 1;
    return Promise.resolve(added[entry.at] ?? sample(999));
  };
  const merged = await planMerge({ content, read, old, mayRepeat });
  const planned = reads;
  const interactions: Interaction[] = [];
  for await (const one of merged.interactions()) interactions.push(one);
  expect(interactions).toHaveLength(merged.count);
  return { interactions, planned, added: merged.added };
}

test('what is added comes after, numbered on', async () => {
  const { interactions, planned } = await merge([sample(0), sample(1)], [sample(7)], true);
  expect(interactions.map(({ id, sequence }) => [id, sequence])).toEqual([
    ['i-0', 0],
    ['i-1', 1],
    ['i-7', 2],
  ]);
  expect(planned).toBe(0);
});

test('an id that is taken gets a number', async () => {
  const added = [sample(5, { id: 'i-0' }), sample(6, { id: 'i-0' }), sample(7, { id: 'i-0-2' })];
  const { interactions } = await merge([sample(0)], added, false);
  expect(interactions.map(({ id }) => id)).toEqual(['i-0', 'i-0-2', 'i-0-3', 'i-0-2-2']);
});

test('what stands there already is not added again, where that may be', async () => {
  const changed = sample(1, { response: { status: 404 } });
  const again = await merge([sample(0), sample(1)], [sample(0), changed], true);
  expect(again.interactions.map(({ id }) => id)).toEqual(['i-0', 'i-1', 'i-1-2']);
  expect(again.added).toBe(1);
  const fresh = await merge([sample(0)], [sample(0)], false);
  expect(fresh.interactions.map(({ id }) => id)).toEqual(['i-0', 'i-0-2']);
});
