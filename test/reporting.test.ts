import { createSelfTest } from '../src/capture/capture.ts';
import { describe, expect, test } from '@jest/globals';
import type { CounterReader } from '../src/capture/capture.ts';
import { loadSettings } from '../src/config/config.ts';
import { Failure } from '../src/exchange/failure.ts';
import { createJournal, ofSession } from '../src/journal/journal.ts';
import {
  askReceipt,
  exitStatusOf,
  openCounterReader,
  receiptOf,
  statusOf,
} from '../src/reporting.ts';
import { journalEntry } from './journal/entry.ts';
import { logging } from './log-lines.ts';
import { openSession as session } from './open-session.ts';

const { settings } = loadSettings({ env: { MAGNETO_MODE: 'auto', MAGNETO_CASSETTE_NAME: 'c' } });

const unwritable = session({ failure: () => new Failure('RECORDING_FAILED', 'ENOSPC') });

describe('the status', () => {
  const journal = createJournal();

  test('waits for the self-test where it is to be tested, and shows which run it is', () => {
    const selfTest = createSelfTest('run');
    const run = { phase: 'serving', selfTest } as const;
    const tested = { ...settings, selfTest: true };
    expect(statusOf(tested, run, journal)).toMatchObject({
      ready: false,
      reason: 'waiting for the self-test',
      run: 'run',
    });
    expect(statusOf(settings, run, journal).ready).toBe(true);
    const destination = { address: '192.0.2.2', port: 80 };
    selfTest.answer('/self-test?nonce=1&expects=192.0.2.2:80', destination);
    expect(statusOf(tested, run, journal)).toMatchObject({ ready: true });
  });

  test('is ready only while it serves', () => {
    expect(statusOf(settings, { phase: 'starting' }, journal)).toEqual({
      ready: false,
      reason: 'starting',
      mode: 'auto',
      phase: 'starting',
      acts: 'auto',
      cassette: 'c',
      interactions: 0,
    });
    expect(statusOf(settings, { phase: 'serving', session: session() }, journal)).toEqual({
      ready: true,
      mode: 'auto',
      phase: 'serving',
      acts: 'replay',
      cassette: 'c',
      cassetteFile: '/x/c.json',
      interactions: 3,
    });
  });

  test('says which hosts a take leaves out', () => {
    const holed = createJournal();
    holed.append(journalEntry({ outcome: 'forwarded', untouched: 'passthrough', port: 443 }));
    holed.gaveUp('pinned.test:443');
    const status = statusOf(settings, { phase: 'serving', session: session() }, holed);
    expect(status).toMatchObject({ ready: true, incomplete: ['pinned.test:443'] });
  });

  test('has warnings where there are any', () => {
    const warned = { phase: 'serving', session: session(), warnings: () => ['it ages'] } as const;
    expect(statusOf(settings, warned, journal)).toMatchObject({
      ready: true,
      warnings: ['it ages'],
    });
    expect(statusOf(settings, { ...warned, warnings: () => [] }, journal)).not.toHaveProperty(
      'warnings',
    );
  });

  test('is not ready where it cannot write', () => {
    const { ready, reason } = statusOf(
      settings,
      { phase: 'serving', session: unwritable },
      journal,
    );
    expect(ready).toBe(false);
    expect(reason).toMatch(/^RECORDING_FAILED: ENOSPC; /);
  });
});

test('the receipt is the journal’s counts and the session’s facts', () => {
  const journal = createJournal();
  journal.append(journalEntry({}));
  expect(receiptOf({ settings, journal, session: session() })).toMatchObject({
    mode: 'auto',
    cassette: 'c',
    loaded: 3,
    served: 1,
    unused: 2,
    unfinished: true,
    cassetteDigest: 'abc',
  });
  expect(receiptOf({ settings, journal })).toMatchObject({
    loaded: 0,
    unused: 0,
    unfinished: false,
    cassetteDigest: null,
  });
});

describe('a run is isolated', () => {
  const sealed = (variables: Readonly<Record<string, string>>) =>
    loadSettings({ env: { MAGNETO_SEAL: 'true', ...variables } }).settings;
  const captured = sealed({ MAGNETO_TRANSPARENT: 'true' });
  const journal = createJournal();

  test('as a strict replay under seal, where connections are captured', () => {
    expect(receiptOf({ settings: captured, journal, session: session() }).isolated).toBe(true);
  });

  test.each<[string, Parameters<typeof receiptOf>[0]]>([
    ['without rules that could hold a seal', { settings: sealed({}), journal, session: session() }],
    ['without a seal', { settings, journal, session: session() }],
    ['before its cassette is open', { settings: captured, journal }],
    [
      'where misses go to the network',
      { settings: captured, journal, session: session({ strict: false }) },
    ],
    [
      'where one of several sessions may go there',
      {
        settings: captured,
        journal,
        session: { ...session(), all: [session(), session({ strict: false })] },
      },
    ],
  ])('not %s', (_, run) => {
    expect(receiptOf(run).isolated).toBe(false);
  });
});

describe('what passed the rules by', () => {
  const journal = createJournal();

  test('is asked for, and unknown where nobody answers', async () => {
    const captured = { captured: 3 } as Awaited<ReturnType<CounterReader['read']>>;
    const counters = (found: typeof captured): CounterReader => ({
      read: () => Promise.resolve(found),
      close: () => {},
    });
    const asked = await askReceipt({ settings, journal, counters: counters(captured) });
    expect(asked.bypassed).toEqual(captured);
    expect((await askReceipt({ settings, journal, counters: counters(null) })).bypassed).toBeNull();
    expect((await askReceipt({ settings, journal, counters: undefined })).bypassed).toBeNull();
  });

  test('cannot be asked for over descriptors that are not open, and the log says so', () => {
    const { lines, log } = logging();
    const counting = loadSettings({ env: { MAGNETO_COUNTERS: '987,988' } }).settings;
    expect(openCounterReader(counting, log)).toBeUndefined();
    expect(lines[0]?.['msg']).toMatch(/^MAGNETO_COUNTERS names no open pipes/);
    expect(openCounterReader(settings, log)).toBeUndefined();
    expect(lines).toHaveLength(1);
  });
});

test('of several sessions, status and receipt have each one apart, beside the sums', () => {
  const journal = createJournal();
  ofSession(journal, 'web').append(journalEntry({}));
  ofSession(journal, 'c').append(journalEntry({ outcome: 'missed' }));
  const web = session({
    name: 'web',
    acts: 'record',
    loaded: 1,
    failure: () => new Failure('RECORDING_FAILED', 'ENOSPC'),
  });
  const all = [session(), web];
  const run = { ...session({ loaded: 4 }), all };
  expect(receiptOf({ settings, journal, session: run })).toMatchObject({
    mode: 'auto',
    cassette: 'c',
    loaded: 4,
    served: 1,
    missed: 1,
    sessions: {
      c: { mode: 'replay', cassette: 'c', loaded: 3, served: 0, missed: 1 },
      web: { mode: 'record', cassette: 'web', loaded: 1, served: 1, missed: 0 },
    },
  });
  expect(statusOf(settings, { phase: 'serving', session: run }, journal).sessions).toEqual({
    c: { acts: 'replay', cassetteFile: '/x/c.json', interactions: 3 },
    web: {
      acts: 'record',
      cassetteFile: '/x/c.json',
      interactions: 3,
      failure: 'RECORDING_FAILED',
    },
  });
  expect(receiptOf({ settings, journal, session: session() })).not.toHaveProperty('sessions');
});

test.each([
  [session(), 0, 0],
  [session(), 1, 3],
  [session({ strict: false }), 1, 0],
  [unwritable, 1, 1],
])('the exit status says what went wrong', (run, missed, status) => {
  const journal = createJournal();
  for (let count = 0; count < missed; count += 1)
    journal.append(journalEntry({ outcome: 'missed' }));
  expect(exitStatusOf(run, receiptOf({ settings, journal, session: run }))).toBe(status);
});

test('a take with holes ends with 1, a run that records nothing does not', () => {
  const journal = createJournal();
  journal.gaveUp('pinned.test:443');
  for (const [records, status] of [
    [true, 1],
    [false, 0],
  ] as const) {
    const run = session({ records, strict: false });
    const final = receiptOf({ settings, journal, session: run });
    expect(final.incomplete).toBe(records);
    expect(exitStatusOf(run, final)).toBe(status);
  }
});
