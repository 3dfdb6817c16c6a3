import { expect, test } from '@jest/globals';
import { createPassedTally } from '../../src/journal/passed-through.ts';
import { journalEntry } from './entry.ts';

const passed = journalEntry({
  kind: 'stream',
  host: 'a.test',
  port: 443,
  outcome: 'forwarded',
  untouched: 'passthrough',
});

test('TLS that was passed through is counted by destination, with its reason', () => {
  const tally = createPassedTally();
  tally.add(passed);
  tally.gaveUp('b.test:443');
  tally.add({ ...passed, host: 'b.test' });
  tally.add(passed);
  tally.gaveUp('c.test:443');
  expect(tally.list()).toEqual([
    { destination: 'a.test:443', count: 2, because: 'option' },
    { destination: 'b.test:443', count: 1, because: 'refusals' },
    { destination: 'c.test:443', count: 0, because: 'refusals' },
  ]);
});

test('what was missed, is live or opaque, does not count', () => {
  const tally = createPassedTally();
  tally.add({ ...passed, outcome: 'missed' });
  tally.add({ ...passed, untouched: 'live' });
  tally.add({ ...passed, untouched: 'opaque' });
  expect(tally.list()).toEqual([]);
});

test('many destinations are counted together', () => {
  const tally = createPassedTally();
  for (let count = 0; count < 600; count++) tally.add({ ...passed, host: `${count}.test` });
  expect(tally.list()).toHaveLength(501);
  expect(tally.list().at(-1)).toEqual({ destination: 'others', count: 100, because: 'option' });
});
