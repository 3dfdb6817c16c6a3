import { describe, expect, test } from '@jest/globals';
import { count, noCounts } from '../../src/journal/counts.ts';
import type { Counts } from '../../src/journal/counts.ts';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { journalEntry } from './entry.ts';

const cases: readonly [string, Partial<JournalEntry>, Partial<Counts>][] = [
  ['a replayed exchange', { outcome: 'replayed' }, { served: 1 }],
  ['a repeated one', { outcome: 'repeated' }, { served: 1, repeated: 1 }],
  ['a miss', { outcome: 'missed', failure: 'NO_MATCHING_INTERACTION' }, { missed: 1 }],
  ['a recorded one', { outcome: 'recorded' }, { recorded: 1, liveCalls: 1 }],
  ['a forwarded one', { outcome: 'forwarded' }, { liveCalls: 1 }],
  [
    'a live one that the server refused',
    { outcome: 'failed', failure: 'UPSTREAM_REFUSED', ending: 'refused' },
    { failed: 1, liveCalls: 1 },
  ],
  [
    'a live one that could not be written',
    { outcome: 'failed', failure: 'RECORDING_FAILED' },
    { failed: 1, liveCalls: 1 },
  ],
  [
    'one that never got as far as the network',
    { outcome: 'failed', failure: 'MALFORMED_HTTP' },
    { failed: 1 },
  ],
  ['a failure without a code', { outcome: 'failed' }, { failed: 1 }],
  ['a raw stream', { outcome: 'forwarded', kind: 'stream' }, { streams: 1, liveCalls: 1 }],
  ['a raw stream in replay', { outcome: 'missed', kind: 'stream' }, { streams: 1, missed: 1 }],
];

describe('the counts', () => {
  test.each(cases)('of %s', (_title, entry, expected) => {
    const tally = noCounts();
    count(tally, journalEntry(entry));
    expect(tally).toEqual({ ...noCounts(), ...expected });
  });

  test('add up', () => {
    const tally = noCounts();
    for (let turn = 0; turn < 3; turn += 1) count(tally, journalEntry({ outcome: 'repeated' }));
    expect(tally).toEqual({ ...noCounts(), served: 3, repeated: 3 });
  });
});
