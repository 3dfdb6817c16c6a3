import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { baseOf, bodiesBeside, compact, readMerged } from '../../src/cassette/compaction.ts';
import { type Disk, realDisk } from '../../src/cassette/disk.ts';
import { endFrame } from '../../src/cassette/log-frames.ts';
import { placesOf } from '../../src/cassette/names.ts';
import { type Store, survey } from '../../src/cassette/store.ts';
import { type Folder, inFolder, pathsOf } from './folder.ts';
import { sample } from './samples.ts';

function storeOf(folder: Folder, format: 'json' | 'msgpack' = 'json'): Store {
  const warn = (): void => undefined;
  return { disk: realDisk, options: { directory: folder.path, format, fsync: 'never', warn } };
}

const surveyed = (folder: Folder) => survey(storeOf(folder), placesOf(folder.path, 'c'));

function end(folder: Folder): void {
  const log = join(folder.path, 'c.wal');
  writeFileSync(log, Buffer.concat([readFileSync(log), ...endFrame(1)]));
}

test('an unfinished log is no cassette', async () => {
  await inFolder(async (folder) => {
    await folder.unfinished([sample(0)]);
    await compact(storeOf(folder), await surveyed(folder));
    expect(folder.files()).toEqual(['c.wal']);
  });
});

test('the cassette is safe on the disk before the log goes', async () => {
  await inFolder(async (folder) => {
    await folder.complete([sample(0)], { format: 'msgpack' });
    await folder.unfinished([sample(1)]);
    end(folder);
    const steps: string[] = [];
    const told = (step: string, path: string): void => void steps.push(`${step} ${basename(path)}`);
    const disk: Disk = {
      ...realDisk,
      open: async (path, purpose) => {
        const file = await realDisk.open(path, purpose);
        const sync = (): Promise<void> => {
          told('sync', path);
          return file.sync();
        };
        return { ...file, sync };
      },
      rename: (from, to) => {
        told('rename', to);
        return realDisk.rename(from, to);
      },
      remove: async (path) => {
        if ((await realDisk.size(path)) !== undefined) told('remove', path);
        return realDisk.remove(path);
      },
      syncFolder: (path) => {
        steps.push('sync folder');
        return realDisk.syncFolder(path);
      },
    };
    await compact({ ...storeOf(folder), disk }, await surveyed(folder));
    expect(steps).toEqual([
      'sync c.json.tmp',
      'rename c.json',
      'sync folder',
      'remove c.msgpack',
      'remove c.wal',
      'sync folder',
    ]);
  });
});

test('what a cut compaction left is cleared away', async () => {
  await inFolder(async (folder) => {
    await folder.complete([sample(0)], { format: 'msgpack' });
    await folder.unfinished([sample(1)], true);
    end(folder);
    for (const left of ['c.json.tmp', 'c.msgpack.tmp', 'c.wal.aside']) {
      writeFileSync(join(folder.path, left), 'left');
    }
    await compact(storeOf(folder), await surveyed(folder));
    expect(folder.files()).toEqual(['c.json']);
    const { interactions } = await folder.library().load('c');
    expect(pathsOf(interactions)).toEqual(['/0', '/1']);
  });
});

test('a log that was compacted already adds nothing again', async () => {
  await inFolder(async (folder) => {
    await folder.complete([sample(0)]);
    await folder.unfinished([sample(1), sample(2)], true);
    end(folder);
    const log = readFileSync(join(folder.path, 'c.wal'));
    await compact(storeOf(folder), await surveyed(folder));
    const once = readFileSync(join(folder.path, 'c.json'), 'utf8');
    writeFileSync(join(folder.path, 'c.wal'), log);
    await compact(storeOf(folder), await surveyed(folder));
    expect(readFileSync(join(folder.path, 'c.json'), 'utf8')).toBe(once);
    expect(folder.files()).toEqual(['c.json']);
  });
});

test('the cassette that a log adds to may have gone, or have changed', async () => {
  await inFolder(async (folder) => {
    await folder.complete([sample(0)]);
    await folder.unfinished([sample(1)], true);
    const found = await surveyed(folder);
    const begin = found.log?.begin;
    if (begin === undefined || found.log === undefined) throw new Error('no log');
    expect(await baseOf(storeOf(folder), found, begin)).toMatchObject({ untouched: true });
    const json = join(folder.path, 'c.json');
    writeFileSync(json, readFileSync(json, 'utf8').replace('answer 0', 'edited 0'));
    const changed = await baseOf(storeOf(folder), await surveyed(folder), begin);
    expect(changed).toMatchObject({ untouched: false });
    const { log, places } = found;
    const bodies = bodiesBeside(storeOf(folder), places);
    const merged = await readMerged(storeOf(folder), { log, base: changed, bodies });
    expect(merged.map(({ response }) => response?.body?.toString())).toEqual([
      'edited 0',
      'answer 1',
    ]);
    rmSync(json);
    expect(await baseOf(storeOf(folder), await surveyed(folder), begin)).toBeUndefined();
  });
});
