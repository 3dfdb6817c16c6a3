import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CassetteLibrary } from '../../src/cassette/cassette.ts';
import { failingDisk } from './failing-disk.ts';
import { inFolder, pathsOf } from './folder.ts';
import { sample } from './samples.ts';

const paths = async (library: CassetteLibrary) => pathsOf((await library.load('c')).interactions);

test('where a log has hardly begun a take begins anew', async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder.path, 'c.wal'), 'magneto\u0001\0\0');
    await folder.unfinished([sample(0)], true);
    expect(await paths(folder.library())).toEqual(['/0']);
    expect(folder.files()).toEqual(['c.wal']);
  });
});

test('a log whose first record is damaged is put aside, not thrown away', async () => {
  await inFolder(async (folder) => {
    await folder.unfinished([sample(0, { response: { body: Buffer.alloc(9000) } })]);
    const log = join(folder.path, 'c.wal');
    const bytes = readFileSync(log);
    bytes[20] = 0xff;
    writeFileSync(log, bytes);
    const take = await folder.library().record('c', { adds: false });
    expect(readFileSync(`${log}.aside`)).toEqual(bytes);
    expect(folder.warnings[0]).toContain('from byte 8 on it is torn or damaged');
    await take.close();
  });
});

test('a log that is gone on with ends where it was sound, however long its damaged tail', async () => {
  await inFolder(async (folder) => {
    const large = { response: { body: Buffer.alloc(5000) } };
    await folder.unfinished([sample(0), sample(1, large), sample(2, large)]);
    const log = join(folder.path, 'c.wal');
    const bytes = readFileSync(log);
    bytes[bytes.length - 7000] = 1;
    writeFileSync(log, bytes);
    const library = folder.library();
    const take = await library.record('c', { adds: true });
    await take.append(sample(3));
    await take.close();
    expect(folder.warnings.splice(0)).toHaveLength(1);
    expect(await paths(library)).toEqual(['/0', '/3']);
    expect(folder.warnings).toEqual([expect.stringContaining('unfinished take of 2')]);
  });
});

test('a killed take that replaces is gone on with where that is asked for, and begun anew elsewhere', async () => {
  await inFolder(async (folder) => {
    await folder.unfinished([sample(0), sample(1)]);
    const library = folder.library({ resumes: true });
    const resumed = await library.record('c', { adds: false });
    expect(resumed.recorded).toBe(2);
    await resumed.append(sample(2));
    expect(resumed.recorded).toBe(3);
    await resumed.finish();
    expect(await paths(library)).toEqual(['/0', '/1', '/2']);
    expect(existsSync(join(folder.path, 'c.wal.aside'))).toBe(false);
  });
});

test('a take that adds is not resumed by one that replaces', async () => {
  await inFolder(async (folder) => {
    await folder.complete([sample(0)]);
    const adding = await folder.library().record('c', { adds: true });
    await adding.append(sample(1));
    await adding.close();
    const take = await folder.library({ resumes: true }).record('c', { adds: false });
    expect(take.recorded).toBe(0);
    await take.close();
  });
});

test('a log that cannot be made leaves the one before it in its place', async () => {
  let refusals = 0;
  for (let n = 6; ; n += 1) {
    const disk = failingDisk(n, 'once');
    await inFolder(async (folder) => {
      await folder.unfinished([sample(0)]);
      const refused = folder.library({}, disk).record('c', { adds: false });
      let failure: unknown;
      const take = await refused.catch((reason: unknown) => void (failure = reason));
      if (take !== undefined) return take.close().catch(() => undefined);
      expect(failure).toMatchObject({ code: 'CASSETTE_UNWRITABLE' });
      expect(folder.files()).toEqual(['c.wal']);
      refusals += 1;
      expect(await paths(folder.library())).toEqual(['/0']);
    });
    if (disk.operations() < n) break;
  }
  expect(refusals).toBeGreaterThan(3);
});

describe('a volume that cannot be written', () => {
  test('is refused before anything else, and left as it was', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder.path, 'c.wal'), 'what is no log');
      for (let n = 1; n <= 4; n += 1) {
        const library = folder.library({}, failingDisk(n, 'once'));
        await expect(library.record('c', { adds: false })).rejects.toMatchObject({
          code: 'CASSETTE_UNWRITABLE',
          message: `${folder.path}: ENOSPC`,
        });
        expect(folder.files()).toEqual(['c.wal']);
      }
      await expect(folder.library().record('c', { adds: false })).rejects.toMatchObject({
        code: 'CASSETTE_CORRUPT',
      });
    });
  });

  test('keeps no folder that was made for it', async () => {
    await inFolder(async (folder) => {
      const library = folder.library({}, failingDisk(3, 'once'));
      await expect(library.record('a/b/c', { adds: false })).rejects.toMatchObject({
        code: 'CASSETTE_UNWRITABLE',
      });
      expect(existsSync(join(folder.path, 'a'))).toBe(false);
      const take = await folder.library().record('a/b/c', { adds: false });
      await take.finish();
    });
  });

  test('is a real one, even for root', async () => {
    await inFolder(async (folder) => {
      const library = folder.library({ directory: '/proc' });
      await expect(library.record('c', { adds: false })).rejects.toMatchObject({
        code: 'CASSETTE_UNWRITABLE',
        message: expect.stringMatching(/^\/proc: E[A-Z]+$/),
      });
    });
  });

  test('because a file stands where the folder should be', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder.path, 'a'), '');
      await expect(folder.library().record('a/c', { adds: false })).rejects.toMatchObject({
        code: 'CASSETTE_UNWRITABLE',
      });
    });
  });
});
