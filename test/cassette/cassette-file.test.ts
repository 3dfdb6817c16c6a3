import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { readBytes, readCassette, writeCassette } from '../../src/cassette/cassette-file.ts';
import type { CassetteFormat } from '../../src/cassette/cassette.ts';
import { readWhole, realDisk } from '../../src/cassette/disk.ts';
import { inFolder, noStored as stored, pathsOf } from './folder.ts';
import { sample } from './samples.ts';

const warn = (): void => undefined;

async function written(path: string, format: CassetteFormat, count: number): Promise<Buffer> {
  const file = await realDisk.open(path, 'make');
  async function* interactions() {
    for (let sequence = 0; sequence < count; sequence += 1) yield sample(sequence);
  }
  const recordedAt = '2026-11-20T12:00:00.000Z';
  await writeCassette(file, {
    name: 'c',
    recordedAt,
    format,
    newer: false,
    count,
    interactions: interactions(),
  });
  await file.close();
  return readWhole(realDisk, path);
}

describe.each(['json', 'json.gz', 'msgpack', 'msgpack.gz'] as const)('%s', (format) => {
  test('of many blocks is read as it was written', async () => {
    await inFolder(async ({ path }) => {
      const bytes = await written(join(path, 'c'), format, 2000);
      const { name, interactions } = await readCassette(bytes, { file: 'c', format, warn, stored });
      expect(name).toBe('c');
      expect(interactions).toHaveLength(2000);
      expect(interactions[1999]).toEqual(sample(1999));
    });
  });

  test('cut at any byte is refused with file and place', async () => {
    await inFolder(async ({ path }) => {
      const bytes = await written(join(path, 'c'), format, 1);
      // The newline at the end of JSON is a courtesy.
      const end = format === 'json' ? bytes.length - 1 : bytes.length;
      for (let length = 0; length < end; length += 1) {
        const cut = readCassette(bytes.subarray(0, length), { file: 'f', format, warn, stored });
        await expect(cut).rejects.toMatchObject({
          code: 'CASSETTE_CORRUPT',
          message: expect.stringMatching(/^f: .* at byte \d+/),
        });
      }
    });
  });
});

test('a checksum of gzip that is wrong is refused', async () => {
  const bytes = gzipSync('{"version":"2.0"}');
  bytes[bytes.length - 6] = 0xff;
  await expect(
    readCassette(bytes, { file: 'f', format: 'json.gz', warn, stored }),
  ).rejects.toMatchObject({
    code: 'CASSETTE_CORRUPT',
  });
});

test('JSON beyond 512 MiB is refused before it is read, and MessagePack proposed', async () => {
  await inFolder(async ({ path }) => {
    const file = join(path, 'c.json');
    writeFileSync(file, '');
    truncateSync(file, 513 * 2 ** 20);
    await expect(readBytes(realDisk, file, 'json')).rejects.toMatchObject({
      code: 'CASSETTE_CORRUPT',
      message: expect.stringContaining('MAGNETO_CASSETTE_FORMAT=msgpack'),
    });
  });
});

test('a file is read whole', async () => {
  await inFolder(async ({ path }) => {
    const bytes = await written(join(path, 'c'), 'json', 3);
    const { interactions } = await readCassette(
      await readBytes(realDisk, join(path, 'c'), 'json'),
      {
        file: 'c',
        format: 'json',
        warn,
        stored,
      },
    );
    expect(pathsOf(interactions)).toEqual(['/0', '/1', '/2']);
    expect(bytes.at(-1)).toBe(10);
  });
});
