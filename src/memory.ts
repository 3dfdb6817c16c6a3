import { Failure } from './exchange/failure.ts';
import type { Report } from './logging.ts';
import type { MemoryUse } from './support/memory-limit.ts';
import { memoryUse } from './support/memory-limit.ts';

/** How often it is looked at most; a burst of connections takes longer to fill what is left. */
const everyMs = 500;
/** Shares of the limit: from the first on it is low, below the second no more. */
const lowFrom = 0.92;
const highBelow = 0.85;

const mebi = 2 ** 20;

/** What memory is looked at with; others for tests. */
export interface MemoryLooking {
  readonly use: () => MemoryUse | undefined;
  readonly now: () => number;
}

const looking: MemoryLooking = { use: memoryUse, now: () => performance.now() };

/**
 * Says why nobody more is to be let in while the memory of the container is nearly used up: the kernel
 * would end the process, and with it everybody's exchanges. Looks when it is asked, and tells once.
 */
export function createMemoryGauge(
  report: Report,
  { use, now }: MemoryLooking = looking,
): () => Failure | undefined {
  let low: Failure | undefined;
  let lookAgainAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() < lookAgainAt) return low;
    lookAgainAt = now() + everyMs;
    const used = use();
    const share = used === undefined ? 0 : used.used / used.limit;
    if (share < highBelow) low = undefined;
    if (used !== undefined && share >= lowFrom && low === undefined) {
      low = new Failure('MEMORY_LOW', wordsOf(used));
      report(low);
    }
    return low;
  };
}

function wordsOf({ used, limit }: MemoryUse): string {
  return `${Math.round(used / mebi)} of ${Math.round(limit / mebi)} MiB are in use`;
}
