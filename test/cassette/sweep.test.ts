import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { realDisk } from '../../src/cassette/disk.ts';
import { placesOf } from '../../src/cassette/names.ts';
import { sweepBodies } from '../../src/cassette/sweep.ts';
import { failingDisk } from './failing-disk.ts';
import { type Folder, inFolder } from './folder.ts';
import { sample } from './samples.ts';
import { answered, bytesOf, end, says } from './talk.ts';

const left = 'a'.repeat(64);
const part = '6b1f2d3c-0000-4000-8000-123456789abc.part';
const small = { bodyFileBytes: 4 };

const bodiesOf = ({ path }: Folder): readonly string[] => {
  const folder = join(path, 'c.bodies');
  return existsSync(folder) ? readdirSync(folder).toSorted() : [];
};

/** Leaves files in the folder of bodies, of which two are nobody's and one is not ours. */
function leave({ path }: Folder): void {
  mkdirSync(join(path, 'c.bodies'), { recursive: true });
  for (const name of [left, part, 'notes.txt']) writeFileSync(join(path, 'c.bodies', name), 'x');
}

async function contents(folder: Folder): Promise<readonly string[]> {
  const { interactions } = await folder.library().load('c');
  const bodies = await Promise.all(interactions.map(({ response }) => bytesOf(response)));
  return bodies.map(String);
}

describe('what nobody refers to goes', () => {
  test('when a take begins; what is not ours stays', async () => {
    await inFolder(async (folder) => {
      leave(folder);
      const take = await folder.library(small).record('c', { adds: false });
      expect(bodiesOf(folder)).toEqual(['notes.txt']);
      await take.append(sample(0));
      await take.finish();
      expect(bodiesOf(folder)).toHaveLength(2);
      expect(await contents(folder)).toEqual(['answer 0']);
    });
  });

  test('when a new take has replaced the cassette, and the folder with the last of them', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0), sample(1), sample(1)], small);
      expect(bodiesOf(folder)).toHaveLength(2);
      const take = await folder.library(small).record('c', { adds: false });
      expect(bodiesOf(folder)).toHaveLength(2);
      await take.append(sample(1));
      await take.finish();
      expect(bodiesOf(folder)).toHaveLength(1);
      expect(await contents(folder)).toEqual(['answer 1']);
      await folder.complete([sample(2)]);
      expect(existsSync(join(folder.path, 'c.bodies'))).toBe(false);
    });
  });
});

describe('what something refers to stays', () => {
  test('while a take adds, and after it', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)], small);
      const take = await folder.library(small).record('c', { adds: true });
      await take.append(sample(1));
      await take.finish();
      expect(await contents(folder)).toEqual(['answer 0', 'answer 1']);
      const none = await folder.library(small).record('c', { adds: true });
      await none.finish();
      expect(await contents(folder)).toEqual(['answer 0', 'answer 1']);
    });
  });

  test('of a log that is gone on with, and of what was open in it', async () => {
    await inFolder(async (folder) => {
      const first = await folder.library(small).record('c', { adds: true });
      await first.append(sample(0));
      void answered(first, 1).add(says('server', 'cut short'));
      await first.close();
      const second = await folder.library(small).record('c', { adds: true });
      await second.append(sample(2));
      await second.finish();
      expect(await contents(folder)).toEqual(['answer 0', 'cut short', 'answer 2']);
      expect(bodiesOf(folder)).toHaveLength(3);
    });
  });

  test('of a log that was put aside, and that of the cassette, until the take is complete', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)], small);
      const killed = await folder.library(small).record('c', { adds: false });
      await killed.append(sample(1));
      void answered(killed, 2).add(says('server', 'cut short'));
      await killed.close();
      const take = await folder.library(small).record('c', { adds: false });
      expect(bodiesOf(folder)).toHaveLength(3);
      await take.discard();
      renameSync(join(folder.path, 'c.json'), join(folder.path, 'd.json'));
      expect(await contents(folder)).toEqual(['answer 1', 'cut short']);
      renameSync(join(folder.path, 'd.json'), join(folder.path, 'c.json'));
      const again = await folder.library(small).record('c', { adds: false });
      await again.finish();
      expect(bodiesOf(folder)).toEqual([]);
    });
  });

  test('where what refers to it cannot be read, with a line that says so', async () => {
    await inFolder(async (folder) => {
      leave(folder);
      writeFileSync(join(folder.path, 'c.json'), '{"version":"9.0"}');
      const take = await folder.library().record('c', { adds: false });
      expect(bodiesOf(folder)).toHaveLength(3);
      expect(folder.warnings).toEqual([
        expect.stringMatching(/c\.bodies: what nobody needs any more is left there \(.*9\.0/),
      ]);
      await take.close();
    });
  });

  test('where the log aside is damaged from its first record on', async () => {
    await inFolder(async (folder) => {
      leave(folder);
      writeFileSync(join(folder.path, 'c.wal.aside'), 'magneto\u0001 damaged');
      const take = await folder.library().record('c', { adds: false });
      expect(bodiesOf(folder)).toHaveLength(3);
      await take.close();
    });
  });
});

test('a file that cannot be removed fails nobody', async () => {
  await inFolder(async (folder) => {
    leave(folder);
    const places = placesOf(folder.path, 'c');
    const warn = (line: string): void => void folder.warnings.push(line);
    const options = { directory: folder.path, format: 'json', fsync: 'never', warn } as const;
    await sweepBodies({ disk: failingDisk(1, 'once'), options }, places, new Set());
    expect(folder.warnings).toEqual([expect.stringContaining('(ENOSPC)')]);
    await sweepBodies({ disk: realDisk, options }, places, new Set([left]));
    expect(bodiesOf(folder)).toEqual([left, 'notes.txt']);
  });
});

test('a draft that ended leaves no unfinished file', async () => {
  await inFolder(async (folder) => {
    const take = await folder.library(small).record('c', { adds: false });
    const draft = answered(take, 0);
    void draft.add(says('server', 'large enough'));
    await draft.finish(end);
    expect(bodiesOf(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    await take.close();
  });
});
