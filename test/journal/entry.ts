import type { JournalEntry } from '../../src/journal/journal.ts';

/** A replayed GET, but for what is said otherwise. */
export function journalEntry(own: Partial<JournalEntry>): JournalEntry {
  return {
    id: '1',
    at: '2026-11-20T10:00:00.000Z',
    kind: 'http',
    mode: 'replay',
    outcome: 'replayed',
    method: 'GET',
    host: 'example.org',
    port: 80,
    secure: false,
    path: '/',
    status: 200,
    ms: 3,
    bytesIn: 0,
    bytesOut: 12,
    ending: 'finished',
    ...own,
  };
}
