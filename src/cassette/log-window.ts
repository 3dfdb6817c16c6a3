import type { OpenFile } from './disk.ts';

/** Reads some bytes of a file. */
export type WindowReader = (position: number, length: number) => Promise<Buffer>;

/** How much is read at once. */
const windowBytes = 1024 * 1024;

/** Exchanges end in another order than they began: a little of what lies before is kept at hand. */
const slackBytes = 128 * 1024;

/** Reads through a window, so that a log of a million records is not a million reads, nor in memory as a whole. */
export function windowReader(file: OpenFile, fileBytes: number): WindowReader {
  let start = 0;
  let window: Buffer = Buffer.alloc(0);
  return async (position, length) => {
    if (position < start || position + length > start + window.length) {
      start = Math.max(0, position - slackBytes);
      const end = Math.min(fileBytes, Math.max(position + length, start + windowBytes));
      window = await file.read(start, end - start);
    }
    return window.subarray(position - start, position - start + length);
  };
}
