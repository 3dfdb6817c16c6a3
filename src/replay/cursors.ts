import type { Entry, Recording } from '../cassette/cassette.ts';
import type { Destination } from '../exchange/destination.ts';

/** The next interaction for a request, and whether it is the last one played again. */
export interface Turn {
  readonly entry: Entry;
  readonly repeated: boolean;
}

/** How far a session has come in a recording. */
export interface Cursors {
  /** The next entry of a key: in recorded order, then the last again and again; its entries are asked for once. */
  readonly next: (key: string, entries: () => readonly Entry[]) => Turn | undefined;
  /** Whether a recorded connection failure comes now. */
  readonly connectDue: (connect: Entry, destination: Destination) => boolean;
  readonly served: (entry: Entry) => void;
  /** How many interactions have not been served yet. */
  readonly unused: () => number;
}

/** Makes the cursors of one session over one recording. */
export function createCursors(recording: Recording): Cursors {
  const sequences = new Map<string, { readonly entries: readonly Entry[]; place: number }>();
  const used = new Uint8Array(recording.interactions.length);
  let unused = recording.interactions.length;
  const served = (entry: Entry): void => {
    if (used[entry.place] === 0) unused -= 1;
    used[entry.place] = 1;
  };
  return {
    served,
    unused: () => unused,
    next(key, entries) {
      const known = sequences.get(key);
      const sequence = known ?? { entries: entries(), place: 0 };
      const last = sequence.entries.length - 1;
      const entry = sequence.entries[Math.min(sequence.place, last)];
      if (entry === undefined) return undefined;
      if (known === undefined) sequences.set(key, sequence);
      const repeated = sequence.place > last;
      sequence.place += 1;
      served(entry);
      return { entry, repeated };
    },
    connectDue(connect, { host, port }) {
      if (used[connect.place] === 1) return false;
      return recording.interactions
        .slice(0, connect.place)
        .every(
          ({ request }, place) =>
            used[place] === 1 ||
            request.destination.host !== host ||
            request.destination.port !== port,
        );
    },
  };
}
