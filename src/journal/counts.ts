import type { JournalEntry } from './journal.ts';

/** How often things happened in a run. */
export interface Counts {
  /** Answered from a cassette, repetitions included. */
  readonly served: number;
  /** Asked of a cassette that did not have it, and refused. */
  readonly missed: number;
  /** Answered again with the last interaction of its kind, the others being used up. */
  readonly repeated: number;
  readonly recorded: number;
  /** Exchanges and attempts to connect that went to the real network, whatever came of them; those to live neighbours aside. */
  readonly liveCalls: number;
  /** Raw streams. */
  readonly streams: number;
  /** What could not be done for a client. */
  readonly failed: number;
  /** Exchanges that met a fault on purpose. */
  readonly faults: number;
  /** Exchanges of which less was recorded than passed, or less replayed than there was. */
  readonly truncated: number;
}

/** Counts to be counted up. */
export type Tally = { -readonly [Name in keyof Counts]: Counts[Name] };

/** Nothing has happened. */
export function noCounts(): Tally {
  return {
    served: 0,
    missed: 0,
    repeated: 0,
    recorded: 0,
    liveCalls: 0,
    streams: 0,
    failed: 0,
    faults: 0,
    truncated: 0,
  };
}

/** Counts one entry. */
export function count(tally: Tally, entry: JournalEntry): void {
  if (entry.kind === 'stream') tally.streams += 1;
  if (entry.fault !== undefined) tally.faults += 1;
  if (entry.truncated !== undefined) tally.truncated += 1;
  if (wentLive(entry)) tally.liveCalls += 1;
  switch (entry.outcome) {
    case 'repeated':
      tally.repeated += 1;
      tally.served += 1;
      break;
    case 'replayed':
      tally.served += 1;
      break;
    case 'missed':
      tally.missed += 1;
      break;
    case 'recorded':
      tally.recorded += 1;
      break;
    case 'failed':
      tally.failed += 1;
      break;
    case 'forwarded':
    case 'live':
    case 'faulted':
      break;
  }
}

/** A failure is live where only the network could have led to it: it was asked, or its answer could not be kept. */
function wentLive(entry: JournalEntry): boolean {
  if (entry.outcome === 'forwarded' || entry.outcome === 'recorded') return true;
  if (entry.outcome !== 'failed') return false;
  const { failure } = entry;
  return (
    failure !== undefined &&
    (failure.startsWith('UPSTREAM_') || failure === 'DIAL_FAILED' || failure === 'RECORDING_FAILED')
  );
}
