import { describe, expect, test } from '@jest/globals';
import { createJournal, ofSession } from '../../src/journal/journal.ts';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { journalEntry } from './entry.ts';

const ids = (entries: readonly JournalEntry[]): readonly string[] => entries.map(({ id }) => id);

describe('a journal', () => {
  test('keeps what happened, in order', () => {
    const journal = createJournal();
    for (const id of ['1', '2', '3']) journal.append(journalEntry({ id }));
    expect(ids(journal.entries())).toEqual(['1', '2', '3']);
  });

  test('keeps the latest where there are more than it has room for, and counts them all', () => {
    const journal = createJournal({ capacity: 3 });
    for (let id = 1; id <= 7; id += 1) journal.append(journalEntry({ id: String(id) }));
    expect(ids(journal.entries())).toEqual(['5', '6', '7']);
    expect(journal.counts().served).toBe(7);
  });

  test('is full, but whole, at exactly its capacity', () => {
    const journal = createJournal({ capacity: 2 });
    journal.append(journalEntry({ id: '1' }));
    journal.append(journalEntry({ id: '2' }));
    expect(ids(journal.entries())).toEqual(['1', '2']);
  });

  test('counts its sessions apart and together, each entry under the name of its own', () => {
    const journal = createJournal({ capacity: 2 });
    const web = ofSession(journal, 'web');
    for (const id of ['1', '2', '3']) web.append(journalEntry({ id }));
    ofSession(journal, 'jobs').append(journalEntry({ id: '4', outcome: 'missed' }));
    expect(journal.counts('web')).toMatchObject({ served: 3, missed: 0 });
    expect(journal.counts('jobs')).toMatchObject({ served: 0, missed: 1 });
    expect(journal.counts('nobody')).toMatchObject({ served: 0, missed: 0 });
    expect(journal.counts()).toMatchObject({ served: 3, missed: 1 });
    expect(journal.entries().map(({ session }) => session)).toEqual(['web', 'jobs']);
  });

  test('hands out copies', () => {
    const journal = createJournal();
    const before = journal.entries();
    const counted = journal.counts();
    journal.append(journalEntry({}));
    expect(before).toHaveLength(0);
    expect(counted.served).toBe(0);
  });

  test('tells its subscribers, until they leave', () => {
    const journal = createJournal();
    const heard: string[] = [];
    const leave = journal.subscribe(({ id }) => heard.push(id));
    journal.append(journalEntry({ id: 'one' }));
    leave();
    journal.append(journalEntry({ id: 'two' }));
    expect(heard).toEqual(['one']);
  });

  test('tells of WebSocket messages, until one leaves', () => {
    const journal = createJournal();
    const heard: string[] = [];
    const leave = journal.subscribeMessages((side, kind) => heard.push(`${side} ${kind}`));
    journal.message('client', 'text');
    journal.message('server', 'ping');
    leave();
    journal.message('server', 'binary');
    expect(heard).toEqual(['client text', 'server ping']);
  });
});

test('an entry is kept and told without the values of its query', () => {
  const journal = createJournal();
  const heard: unknown[] = [];
  journal.subscribe((one) => heard.push(one.path));
  journal.append(journalEntry({ path: '/a?token=secret&b' }));
  expect(heard).toEqual(['/a?token=…&b']);
  expect(journal.entries()[0]?.path).toBe('/a?token=…&b');
});
