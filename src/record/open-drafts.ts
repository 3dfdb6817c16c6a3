import { setTimeout as delay } from 'node:timers/promises';
import type { Draft, Take } from '../cassette/cassette.ts';

/** The interactions of a take that were begun and have not ended. */
export interface OpenDrafts {
  readonly begin: Take['begin'];
  /** Resolves when all have ended, or that takes too long: those whose sockets are closed are on their way. */
  readonly settled: () => Promise<void>;
}

/** How long the ends of closed connections are waited for. */
const settleMsMax = 2_000;

/** Counts what is begun, so that a take does not end in the midst of it. */
export function createOpenDrafts(take: Pick<Take, 'begin'>): OpenDrafts {
  const open = new Set<Promise<void>>();
  return {
    begin(start) {
      const draft = take.begin(start);
      const { promise, resolve } = Promise.withResolvers<void>();
      open.add(promise);
      const finish: Draft['finish'] = async (end) => {
        try {
          await draft.finish(end);
        } finally {
          open.delete(promise);
          resolve();
        }
      };
      return {
        answered: (response) => draft.answered(response),
        add: (message) => draft.add(message),
        finish,
      };
    },
    async settled() {
      if (open.size === 0) return;
      await Promise.race([Promise.all(open), delay(settleMsMax, undefined, { ref: false })]);
    },
  };
}
