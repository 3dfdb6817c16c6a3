import { authorityOf } from '../exchange/destination.ts';
import type { JournalEntry } from './journal.ts';

/** A destination whose TLS was passed through unopened. */
export interface PassedThrough {
  /** `host:port`. */
  readonly destination: string;
  /** Connections. */
  readonly count: number;
  /** Because the settings name it, or because clients refused the certificate for it. */
  readonly because: 'option' | 'refusals';
}

/** Counts what was passed through. */
export interface PassedTally {
  readonly add: (entry: JournalEntry) => void;
  /** A destination is passed through from here on, though the settings do not name it. */
  readonly gaveUp: (destination: string) => void;
  /** Those so far, the first ones first. */
  readonly list: () => readonly PassedThrough[];
}

/** Clients choose the hosts: what goes over this many counts as one. */
const destinationsMax = 500;
const others = 'others';

/** Counts TLS that was passed through, by its destination. */
export function createPassedTally(): PassedTally {
  const counts = new Map<string, number>();
  const givenUp = new Set<string>();
  return {
    add(entry) {
      if (entry.untouched !== 'passthrough' || entry.outcome !== 'forwarded') return;
      const own = authorityOf(entry);
      const destination = counts.has(own) || counts.size < destinationsMax ? own : others;
      counts.set(destination, (counts.get(destination) ?? 0) + 1);
    },
    gaveUp(destination) {
      givenUp.add(destination);
      if (!counts.has(destination)) counts.set(destination, 0);
    },
    list: () =>
      [...counts].map(([destination, count]) => {
        const because = givenUp.has(destination) ? 'refusals' : 'option';
        return { destination, count, because };
      }),
  };
}
