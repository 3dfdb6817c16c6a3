import { copyFileSync, cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CassetteFormat, CassetteLibrary, Take } from '../../src/cassette/cassette.ts';
import { failingDisk } from './failing-disk.ts';
import { type Folder, inFolder, pathsOf } from './folder.ts';
import { sample } from './samples.ts';
import { answered, bytesOf, end, says } from './talk.ts';

type How = 'once' | 'dies';

interface Scenario {
  readonly n: number;
  readonly how: How;
  readonly adds: boolean;
  readonly prepare: (folder: Folder) => Promise<void>;
  readonly format: CassetteFormat;
  /** Bytes above which a body has a file of its own: with 4, all of them. */
  readonly bodyFileBytes: number;
}

const old = ['/100', '/101'];
const inFiles = { bodyFileBytes: 4 };
const prepareComplete = (folder: Folder) => folder.complete([sample(100), sample(101)]);
const prepareUnfinished = (folder: Folder) => folder.unfinished([sample(100), sample(101)]);
const prepareBoth = async (folder: Folder): Promise<void> => {
  await folder.complete([sample(100)]);
  await folder.unfinished([sample(101)], true);
};
const prepareWithFiles = async (folder: Folder): Promise<void> => {
  await folder.complete([sample(100)], inFiles);
  const killed = await folder.library(inFiles).record('c', { adds: true });
  void answered(killed, 101).add(says('server', 'answer 101'));
  await killed.close();
};

describe.each<How>(['once', 'dies'])('on a disk that fails %s, at any operation, a take', (how) => {
  test.each([
    ['that replaces a cassette', false, prepareComplete, 'json', 100],
    ['that replaces one of another format', false, prepareComplete, 'msgpack.gz', 100],
    ['that adds to a cassette', true, prepareComplete, 'json', 100],
    ['that adds to one of another format', true, prepareComplete, 'msgpack', 100],
    ['that replaces an unfinished one', false, prepareUnfinished, 'json', 100],
    ['that goes on with an unfinished one', true, prepareUnfinished, 'json.gz', 100],
    ['that goes on with one that adds', true, prepareBoth, 'json', 100],
    ['that replaces, with bodies in files', false, prepareComplete, 'json', 4],
    ['that adds, with bodies in files', true, prepareComplete, 'msgpack', 4],
    ['that goes on with a killed one, with bodies in files', true, prepareWithFiles, 'json', 4],
    ['that goes on with a killed one, files but of old', true, prepareWithFiles, 'json', 100],
  ] as const)('%s loses nothing', async (...[_what, adds, prepare, format, bodyFileBytes]) => {
    for (let n = 1; ; n += 1) {
      const done = await scenario({ n, how, adds, prepare, format, bodyFileBytes });
      if (!done) continue;
      expect(n).toBeGreaterThan(15);
      return;
    }
  });
});

/** Records over what stands there, on a disk that fails; whether it did not come to the failure. */
async function scenario(what: Scenario): Promise<boolean> {
  const { n, how, adds, prepare, format, bodyFileBytes } = what;
  const disk = failingDisk(n, how);
  await inFolder(async (folder) => {
    await prepare(folder);
    const library = folder.library({ fsync: 'always', format, bodyFileBytes }, disk);
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
    const written = await write(take, sequence).catch((error: unknown) => error);
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

/** Every second one is written as it goes on. */
async function write(take: Take, sequence: number): Promise<void> {
  if (sequence % 2 === 0) return take.append(sample(sequence));
  const draft = answered(take, sequence);
  await draft.add(says('server', 'answer '));
  await draft.add(says('server', String(sequence)));
  await draft.finish(end);
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

/** The paths of what is loaded, each with the answer that belongs to it. */
async function loaded(library: CassetteLibrary, name = 'c'): Promise<readonly string[]> {
  try {
    const { interactions } = await library.load(name);
    for (const { request, response, truncated } of interactions) {
      const body = String(await bytesOf(response));
      const whole = request.path.replace('/', 'answer ');
      expect(body).toBe(truncated === undefined ? whole : whole.slice(0, body.length));
    }
    return pathsOf(interactions);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CASSETTE_NOT_FOUND' });
    return [];
  }
}

/** What a log holds by itself, whatever stands beside it. */
async function loadedAlone(folder: Folder, file: string): Promise<readonly string[]> {
  if (!folder.files().includes(file)) return [];
  copyFileSync(join(folder.path, file), join(folder.path, 'alone.wal'));
  const bodies = join(folder.path, 'c.bodies');
  const alone = join(folder.path, 'alone.bodies');
  if (existsSync(bodies)) cpSync(bodies, alone, { recursive: true });
  return loaded(folder.library(), 'alone');
}
