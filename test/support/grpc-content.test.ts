import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { plainMessage } from '../../src/support/grpc-content.ts';

const plain = Buffer.from('a message that was compressed');

function read(bytes: Buffer, encoding: string | undefined, compressed = true): string {
  return plainMessage({ bytes, compressed }, { encoding, bytesMax: 1000 }).toString();
}

test('a compressed message says what was compressed', () => {
  expect(read(gzipSync(plain), 'gzip')).toBe(plain.toString());
  expect(read(gzipSync(plain, { level: 1 }), 'gzip')).toBe(plain.toString());
  expect(read(deflateSync(plain), 'deflate')).toBe(plain.toString());
  expect(read(zstdCompressSync(plain), 'zstd')).toBe(plain.toString());
});

test('a message without the flag, or of an unknown coding, is what it is', () => {
  expect(read(plain, 'gzip', false)).toBe(plain.toString());
  expect(read(plain, 'snappy')).toBe(plain.toString());
  expect(read(plain, undefined)).toBe(plain.toString());
});

test('what does not decompress, or to too much, stays as it came', () => {
  expect(read(plain, 'gzip')).toBe(plain.toString());
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  expect(
    plainMessage({ bytes: bomb, compressed: true }, { encoding: 'gzip', bytesMax: 1000 }),
  ).toBe(bomb);
});
