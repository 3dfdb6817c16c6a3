import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { OpenFile } from '../../src/cassette/disk.ts';
import { narrowWindow, wideWindow, windowReader } from '../../src/cassette/log-window.ts';

/** A file of some bytes that counts how often it is read, and how much. */
function fileOf(bytes: Buffer) {
  const reads: number[] = [];
  const read: OpenFile['read'] = (position, length) => {
    reads.push(length);
    return Promise.resolve(bytes.subarray(position, position + length));
  };
  return { file: { read } as OpenFile, reads };
}

test('any places give the bytes that stand there', async () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
  const place = fc.tuple(fc.nat(999), fc.nat(300));
  await fc.assert(
    fc.asyncProperty(fc.array(place), fc.nat(200), fc.nat(50), async (places, size, slackBytes) => {
      const { file } = fileOf(bytes);
      const read = windowReader(file, bytes.length, { bytes: size, slackBytes });
      for (const [at, length] of places) {
        const wanted = bytes.subarray(at, at + Math.min(length, bytes.length - at));
        expect(await read(at, wanted.length)).toEqual(wanted);
      }
    }),
  );
});

test('what lies near is read at once, what lies far away by itself', async () => {
  const bytes = Buffer.alloc(4 * wideWindow.bytes);
  const near = fileOf(bytes);
  const read = windowReader(near.file, bytes.length);
  for (let at = 0; at < wideWindow.bytes; at += 1000) await read(at, 100);
  expect(near.reads.length).toBeLessThan(3);
  const far = fileOf(bytes);
  const readPiece = windowReader(far.file, bytes.length, narrowWindow);
  for (let at = 0; at < bytes.length; at += wideWindow.bytes) await readPiece(at, 100);
  expect(far.reads).toEqual([1, 2, 3, 4].map(() => narrowWindow.bytes));
});
