import type { Readable } from 'node:stream';
import type { Part } from '../exchange/conversation.ts';
import { passedBy } from '../support/swept.ts';

/**
 * Reads a stream as the reader asks for it: with back-pressure, and to the last byte received even
 * where the stream broke. It ends quietly; `over` is called once, when it was read to its end or
 * its reader stopped. Times count from `startedAt`, in milliseconds.
 */
export async function* readParts(
  stream: Readable,
  startedAt: number,
  over: () => void,
): AsyncGenerator<Part, undefined> {
  let wake = (): void => {};
  const moved = (): void => wake();
  const events = ['readable', 'end', 'close'] as const;
  try {
    for (const event of events) stream.on(event, moved);
    for (;;) {
      // A destroyed stream still hands out what it had buffered; its async iterator would not.
      const bytes = stream.read() as Buffer | null;
      if (bytes !== null) {
        yield { atMs: performance.now() - startedAt, kind: 'data', bytes };
        passedBy(bytes.length);
      } else if (stream.readableEnded || stream.destroyed) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    for (const event of events) stream.off(event, moved);
    over();
  }
}
