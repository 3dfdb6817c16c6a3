import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { OpenFile } from '../../src/cassette/disk.ts';
import { windowReader } from '../../src/cassette/log-window.ts';

/** A file of some bytes that counts how often it is read. */
function fileOf(bytes: Buffer) {
  const reads: number[] = [];
  const read: OpenFile['read'] = (position, length) => {
    reads.push(length);
    return Promise.resolve(bytes.subarray(position, position + length));
  };
  return { file: { read } as OpenFile, reads };
}

const bytes = Buffer.from(Array.from({ length: 4 * 2 ** 20 }, (_, index) => index % 251));

test('any places give the bytes that stand there', async () => {
  const place = fc.tuple(fc.nat(bytes.length), fc.oneof(fc.nat(300), fc.nat(3_000_000)));
  await fc.assert(
    fc.asyncProperty(fc.array(place), async (places) => {
      const read = windowReader(fileOf(bytes).file, bytes.length);
      for (const [at, length] of places) {
        const wanted = bytes.subarray(at, at + length);
        expect((await read(at, wanted.length)).equals(wanted)).toBe(true);
      }
    }),
  );
});

test('what lies one after the other is read at once, and a little before it, too', async () => {
  const { file, reads } = fileOf(bytes);
  const read = windowReader(file, bytes.length);
  for (let at = 200_000; at < 2 ** 20; at += 1000) await read(at, 100);
  await read(2 ** 20 - 100_000, 100);
  expect(reads.length).toBeLessThan(3);
});
