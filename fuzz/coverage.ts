import { Session } from 'node:inspector/promises';

/** Tells whether code ran that had never run before. */
export interface Coverage {
  /** Whether anything new ran since it was asked last. */
  readonly isNew: () => Promise<boolean>;
  readonly stop: () => Promise<void>;
}

/** Watches the blocks of our own sources, as V8 counts them. */
export async function watchCoverage(): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  const seen = new Set<string>();
  return {
    async isNew() {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      const before = seen.size;
      for (const { url, functions } of result) {
        if (!url.includes('/src/')) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            if (count > 0) seen.add(`${url}:${startOffset}-${endOffset}`);
          }
        }
      }
      return seen.size > before;
    },
    async stop() {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}
