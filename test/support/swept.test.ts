import { expect, test } from '@jest/globals';
import { passedBy } from '../../src/support/swept.ts';

const mebibyte = 1024 * 1024;

/** The most that dead buffers came to while so many MiB passed, in MiB. */
async function piledUp(total: number, pieceBytes: number): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let bytes = 0; bytes < total * mebibyte; bytes += pieceBytes) {
    const piece = Buffer.allocUnsafeSlow(pieceBytes);
    passedBy(piece.length);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    if (bytes % (16 * mebibyte) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return most / mebibyte;
}

test('the buffers of a bulk transfer do not pile up', async () => {
  expect(await piledUp(512, 65_536)).toBeLessThan(32);
});
