import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { CassetteLibrary, Take } from '../../src/cassette/cassette.ts';
import { bodyDigest, openLibrary } from '../../src/cassette/cassette.ts';
import { redactInteraction } from '../../src/redaction/redaction.ts';
import { failingDisk } from './failing-disk.ts';
import { type Folder, inFolder, pathsOf } from './folder.ts';
import { interaction, sample } from './samples.ts';

const everyFormat = ['json', 'json.gz', 'msgpack', 'msgpack.gz'] as const;

describe.each(everyFormat)('in %s', (format) => {
  test('any interactions come back as they were recorded', async () => {
    const several = fc.uniqueArray(interaction, {
      minLength: 1,
      maxLength: 100,
      selector: ({ id }) => id,
    });
    await fc.assert(
      fc.asyncProperty(several, async (some) => {
        await inFolder(async (folder) => {
          const numbered = some.map((one, sequence) => ({ ...one, sequence }));
          await folder.complete(numbered, { format, fsync: 'never' });
          const { interactions } = await folder.library().load('c');
          expect(interactions).toEqual(numbered.map(redactInteraction));
          expect(folder.warnings).toEqual([]);
          expect(folder.files()).toEqual([`c.${format}`]);
        });
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  test('an empty take is a cassette', async () => {
    await inFolder(async (folder) => {
      await folder.complete([], { format });
      const library = folder.library();
      expect(await library.look('c')).toBe('complete');
      expect((await library.load('c')).interactions).toEqual([]);
    });
  });
});

test('the door opens a library in a folder, and touches nothing', async () => {
  await inFolder(async (folder) => {
    const warn = (line: string): void => void folder.warnings.push(line);
    const directory = join(folder.path, 'absent');
    const library = openLibrary({ directory, format: 'json', fsync: 'never', warn });
    expect(await library.look('c')).toBe('nothing');
    expect(folder.files()).toEqual([]);
  });
});

test('absent and empty request bodies have one digest, others their own', () => {
  expect(bodyDigest(undefined)).toBe(bodyDigest(Buffer.alloc(0)));
  expect(bodyDigest(Buffer.from('a'))).not.toBe(bodyDigest(Buffer.from('b')));
  expect(bodyDigest(Buffer.from('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

describe('a log that is cut', () => {
  test('at any byte keeps every whole interaction before, and can be gone on with', async () => {
    await inFolder(async (folder) => {
      await folder.unfinished([sample(0), sample(1)]);
      const path = join(folder.path, 'c.wal');
      const whole = readFileSync(path);
      const ends = frameEnds(whole);
      const library = folder.library({ fsync: 'never' });
      for (let bytes = 0; bytes <= whole.length; bytes += 1) {
        writeFileSync(path, whole.subarray(0, bytes));
        const kept = ends.filter((end) => end <= bytes).length - 1;
        if (kept < 0) {
          expect(await library.look('c')).toBe('nothing');
          continue;
        }
        const { interactions, unfinished } = await library.load('c');
        expect(unfinished).toBe(true);
        expect(pathsOf(interactions)).toEqual(['/0', '/1'].slice(0, kept));
        const take = await library.record('c', { adds: true });
        await take.append(sample(9));
        await take.close();
        const again = await library.load('c');
        expect(pathsOf(again.interactions)).toEqual(['/0', '/1'].slice(0, kept).concat('/9'));
      }
    });
  });

  test('says which file, and from where on', async () => {
    await inFolder(async (folder) => {
      await folder.unfinished([sample(0), sample(1)]);
      const path = join(folder.path, 'c.wal');
      const whole = readFileSync(path);
      writeFileSync(path, whole.subarray(0, whole.length - 1));
      await folder.library().load('c');
      const sound = frameEnds(whole).at(-2) ?? 0;
      expect(folder.warnings[0]).toContain(`${path}: from byte ${sound} on`);
    });
  });

  test('or has any byte turned loses nothing before that byte', async () => {
    await inFolder(async (folder) => {
      await folder.unfinished([sample(0), sample(1), sample(2)]);
      const path = join(folder.path, 'c.wal');
      const whole = readFileSync(path);
      const ends = frameEnds(whole);
      for (let at = ends[0] ?? 0; at < whole.length; at += 1) {
        const turned = Buffer.from(whole);
        turned[at] = (whole[at] ?? 0) ^ 0x40;
        writeFileSync(path, turned);
        const kept = ends.filter((end) => end <= at).length - 1;
        const { interactions } = await folder.library().load('c');
        expect(pathsOf(interactions)).toEqual(['/0', '/1', '/2'].slice(0, kept));
      }
    });
  });
});

/** Offsets at which the records of a log end, the begin first. */
function frameEnds(log: Buffer): readonly number[] {
  const ends: number[] = [];
  for (let at = 8; at < log.length; ) {
    at += 8 + log.readUInt32BE(at);
    ends.push(at);
  }
  return ends;
}

type How = 'once' | 'dies';

interface Scenario {
  readonly n: number;
  readonly how: How;
  readonly adds: boolean;
  readonly prepare: (folder: Folder) => Promise<void>;
  readonly format: (typeof everyFormat)[number];
}

const old = ['/100', '/101'];
const prepareComplete = (folder: Folder) => folder.complete([sample(100), sample(101)]);
const prepareUnfinished = (folder: Folder) => folder.unfinished([sample(100), sample(101)]);
const prepareBoth = async (folder: Folder): Promise<void> => {
  await folder.complete([sample(100)]);
  await folder.unfinished([sample(101)], true);
};

describe.each<How>(['once', 'dies'])('on a disk that fails %s, at any operation, a take', (how) => {
  test.each([
    ['that replaces a cassette', false, prepareComplete, 'json'],
    ['that replaces one of another format', false, prepareComplete, 'msgpack.gz'],
    ['that adds to a cassette', true, prepareComplete, 'json'],
    ['that adds to one of another format', true, prepareComplete, 'msgpack'],
    ['that replaces an unfinished one', false, prepareUnfinished, 'json'],
    ['that goes on with an unfinished one', true, prepareUnfinished, 'json.gz'],
    ['that goes on with one that adds', true, prepareBoth, 'json'],
  ] as const)('%s loses nothing', async (...[_what, adds, prepare, format]) => {
    for (let n = 1; ; n += 1) {
      const done = await scenario({ n, how, adds, prepare, format });
      if (!done) continue;
      expect(n).toBeGreaterThan(15);
      return;
    }
  });
});

/** Records over what stands there, on a disk that fails; whether it did not come to the failure. */
async function scenario({ n, how, adds, prepare, format }: Scenario): Promise<boolean> {
  const disk = failingDisk(n, how);
  await inFolder(async (folder) => {
    await prepare(folder);
    const library = folder.library({ fsync: 'always', format }, disk);
    const run = await recordThree(library, adds);
    await expectNothingLost(folder, adds, run);
  });
  return disk.operations() < n;
}

interface Run {
  readonly acknowledged: readonly string[];
  readonly finished: boolean;
}

async function recordThree(library: CassetteLibrary, adds: boolean): Promise<Run> {
  const acknowledged: string[] = [];
  let take: Take;
  try {
    take = await library.record('c', { adds });
  } catch (error) {
    expect(error).toMatchObject({ code: 'CASSETTE_UNWRITABLE' });
    return { acknowledged, finished: false };
  }
  for (const sequence of [0, 1, 2]) {
    const written = await take.append(sample(sequence)).catch((error: unknown) => error);
    if (written === undefined) acknowledged.push(`/${sequence}`);
    else expect(written).toMatchObject({ code: 'RECORDING_FAILED' });
  }
  expect(take.recorded).toBe(acknowledged.length);
  expect(take.failure === undefined).toBe(acknowledged.length === 3);
  const finished = await take.finish().then(
    () => true,
    () => false,
  );
  return { acknowledged, finished };
}

/** What stands there afterwards, as a healthy machine finds it: loaded before and after it is tidied up. */
async function expectNothingLost(folder: Folder, adds: boolean, run: Run): Promise<void> {
  const { acknowledged, finished } = run;
  const library = folder.library();
  const asFound = await loaded(library);
  const standing = await library.look('c');
  const found = await loaded(library);
  expect(found).toEqual(asFound);
  if (finished) expect(standing).toBe('complete');
  if (adds) {
    expect(found.slice(0, 2)).toEqual(old);
    expect(found.slice(2)).toEqual(expect.arrayContaining([...acknowledged]));
    return;
  }
  if (standing === 'complete' && found[0] !== '/100') {
    expect(found).toEqual(['/0', '/1', '/2']);
    return;
  }
  // Not complete: the old take stands, in its place or aside, and the new one in the log.
  const everything = [...found, ...(await loadedAlone(folder, 'c.wal'))];
  const aside = await loadedAlone(folder, 'c.wal.aside');
  expect([...everything, ...aside]).toEqual(expect.arrayContaining([...old, ...acknowledged]));
}

async function loaded(library: CassetteLibrary, name = 'c'): Promise<readonly string[]> {
  try {
    return pathsOf((await library.load(name)).interactions);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CASSETTE_NOT_FOUND' });
    return [];
  }
}

/** What a log holds by itself, whatever stands beside it. */
async function loadedAlone(folder: Folder, file: string): Promise<readonly string[]> {
  if (!folder.files().includes(file)) return [];
  copyFileSync(join(folder.path, file), join(folder.path, 'alone.wal'));
  return loaded(folder.library(), 'alone');
}
