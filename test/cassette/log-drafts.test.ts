import { expect, test } from '@jest/globals';
import { DraftIndex } from '../../src/cassette/log-drafts.ts';
import type { LogRecord } from '../../src/cassette/log-record.ts';

const begin: LogRecord = {
  type: 'begin',
  begin: { name: 'c', startedAt: '', adds: false, base: '' },
};
const told = (sequence: number, answered = true) => {
  return { sequence, id: `i-${sequence}`, newer: false, answered, files: [] };
};
const head = (draft: number, answered = true): LogRecord => {
  return { type: 'draft', draft, ...told(draft, answered) };
};
const says = (draft: number, answers = true): LogRecord => ({ type: 'said', draft, answers });
const ends = (draft: number | undefined, sequence = draft ?? 9): LogRecord => {
  return { type: 'interaction', draft, ...told(sequence) };
};

/** The index of some records, the n-th of which stands at byte 10 n. */
function indexOf(...records: readonly LogRecord[]): DraftIndex {
  const index = new DraftIndex();
  for (const [at, record] of records.entries()) index.add(record, { at: at * 10, length: 5 });
  index.closeAll();
  return index;
}

test('frames of drafts that lie among each other are put together', () => {
  const { entries, killed } = indexOf(
    begin,
    head(1),
    head(2),
    says(1),
    says(2),
    says(1),
    ends(undefined),
    ends(2),
    ends(1),
  );
  expect(killed).toBe(0);
  expect(entries.map(({ id, at }) => [id, at])).toEqual([
    ['i-9', 60],
    ['i-2', 70],
    ['i-1', 80],
  ]);
  expect(entries.map(({ draft }) => draft?.said.map(({ at }) => at))).toEqual([
    undefined,
    [40],
    [30, 50],
  ]);
});

test('what has no end is killed; its last head counts', () => {
  const { entries, killed, unanswered } = indexOf(begin, head(1, false), says(1, false), head(1));
  expect([killed, unanswered]).toEqual([1, 0]);
  expect(entries).toMatchObject([{ at: 30, id: 'i-1', newer: true, draft: { killed: true } }]);
});

test('what nobody answered is left out; a message of the server is an answer, too', () => {
  const { entries, unanswered } = indexOf(
    begin,
    head(1, false),
    head(2, false),
    says(1, false),
    says(2, true),
  );
  expect(entries.map(({ id }) => id)).toEqual(['i-2']);
  expect(unanswered).toBe(1);
});

test('the next run, and the end, leave nothing open', () => {
  const { entries } = indexOf(begin, head(1), begin, head(1), ends(1), head(2), { type: 'end' });
  expect(entries.map(({ run, id, draft }) => [run, id, draft?.killed])).toEqual([
    [0, 'i-1', true],
    [1, 'i-1', false],
    [1, 'i-2', true],
  ]);
});

test('a file may be told of before anything else; all names are known', () => {
  const file: LogRecord = { type: 'file', draft: 1, from: 'server', file: 'x.part' };
  const whole: LogRecord = { type: 'interaction', draft: 1, ...told(1), files: ['abc'] };
  const { entries, files } = indexOf(begin, file, whole);
  expect(entries[0]?.draft).toEqual({ said: [], files: { server: 'x.part' }, killed: false });
  expect([...files]).toEqual(['x.part', 'abc']);
});
