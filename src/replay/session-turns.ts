import type { Entry } from '../cassette/cassette.ts';
import type { Turn } from './cursors.ts';

/** Which recorded session is played next, where several may answer. */
export interface SessionTurns {
  /** The first of them that was not played yet, or else the last again. */
  readonly peek: (entries: readonly Entry[]) => Turn | undefined;
  /** Plays one. */
  readonly take: (entry: Entry) => Turn;
  /** Has those that satisfy a condition begin anew; tells how many there are. */
  readonly reset: (which: (entry: Entry) => boolean) => number;
}

/** Makes the turns of one recording. `served`: told of each that is played. */
export function createSessionTurns(
  all: readonly Entry[],
  served: (entry: Entry) => void,
): SessionTurns {
  const played = new Set<number>();
  return {
    peek(entries) {
      const fresh = entries.find(({ place }) => !played.has(place));
      const entry = fresh ?? entries.at(-1);
      return entry === undefined ? undefined : { entry, repeated: fresh === undefined };
    },
    take(entry) {
      const repeated = played.has(entry.place);
      played.add(entry.place);
      served(entry);
      return { entry, repeated };
    },
    reset(which) {
      const again = all.filter(which);
      for (const { place } of again) played.delete(place);
      return again.length;
    },
  };
}
