import type { OpenFile } from './disk.ts';

/** Reads some bytes of a file. */
export type WindowReader = (position: number, length: number) => Promise<Buffer>;

/** How much is read at once: what lies behind the place that is asked for, and what lies before it. */
export interface Window {
  readonly bytes: number;
  readonly slackBytes: number;
}

/** For records one after the other. Exchanges end in another order than they began: a little of what lies before is kept. */
export const wideWindow: Window = { bytes: 1024 * 1024, slackBytes: 128 * 1024 };

/** For records of one exchange, which lie among those of all others. */
export const narrowWindow: Window = { bytes: 32 * 1024, slackBytes: 0 };

/** Reads through a window, so that a log of a million records is not a million reads, nor in memory as a whole. */
export function windowReader(
  file: OpenFile,
  fileBytes: number,
  { bytes, slackBytes }: Window = wideWindow,
): WindowReader {
  let start = 0;
  let window: Buffer = Buffer.alloc(0);
  return async (position, length) => {
    if (position < start || position + length > start + window.length) {
      start = Math.max(0, position - slackBytes);
      const end = Math.min(fileBytes, Math.max(position + length, start + bytes));
      window = await file.read(start, end - start);
    }
    return window.subarray(position - start, position - start + length);
  };
}
