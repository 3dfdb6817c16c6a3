import { execFileSync } from 'node:child_process';
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { inFolder } from './folder.ts';
import { sample } from './samples.ts';

/** What they become: far more than a cassette may take of the memory. */
const inflatedMib = 256;
/** What a Node process may grow by over small work. */
const grownMibMax = 100;

test('bodies that swell are written as JSON and read again without being let swell', async () => {
  const zeros = Buffer.alloc(inflatedMib * 1024 * 1024);
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } };
  const bombs = {
    gzip: gzipSync(zeros),
    deflate: deflateSync(zeros),
    br: brotliCompressSync(zeros, quick),
    zstd: zstdCompressSync(zeros),
  };
  const told = Object.entries(bombs).map(([coding, bytes]) => [coding, bytes.toString('base64')]);
  await inFolder(async ({ path }) => {
    const said = execFileSync(process.execPath, ['test/cassette/bombs.ts', path], {
      input: JSON.stringify(Object.fromEntries(told)),
      encoding: 'utf8',
      timeout: 60_000,
    });
    const { grownMib, ...rest } = JSON.parse(said) as Readonly<Record<string, unknown>>;
    expect(rest).toEqual({ count: 4, same: true });
    expect(grownMib).toBeLessThan(grownMibMax);
  });
}, 90_000);

test.each([
  ['gzip', gzipSync, gunzipSync],
  ['deflate', deflateSync, inflateSync],
  ['br', brotliCompressSync, brotliDecompressSync],
  ['zstd', zstdCompressSync, zstdDecompressSync],
])(
  'a body of %s that is edited by hand is encoded anew, and its length counted',
  async (coding, pack, unpack) => {
    await inFolder(async (folder) => {
      const body = pack(Buffer.from('{"said":"as it was"}'));
      const headers = [
        ['Content-Encoding', coding],
        ['Content-Length', String(body.length)],
      ] as const;
      await folder.complete([sample(0, { response: { headers, body } })]);
      const file = join(folder.path, 'c.json');
      const text = readFileSync(file, 'utf8');
      expect(text).toContain('as it was');
      writeFileSync(file, text.replace('as it was', 'something that is longer by hand'));
      const [edited] = (await folder.library().load('c')).interactions;
      const bytes = edited?.response?.body ?? Buffer.alloc(0);
      expect(String(unpack(bytes))).toBe('{"said":"something that is longer by hand"}');
      expect(edited?.response?.headers).toEqual([
        ['Content-Encoding', coding],
        ['Content-Length', String(bytes.length)],
      ]);
      expect(bytes.length).not.toBe(body.length);
      expect(folder.warnings).toEqual([expect.stringContaining('edited by hand')]);
    });
  },
);
