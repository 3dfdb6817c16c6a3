import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { bodyDigest, openLibrary } from '../../src/cassette/cassette.ts';
import { redactInteraction } from '../../src/redaction/redaction.ts';
import { inFolder, pathsOf } from './folder.ts';
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
