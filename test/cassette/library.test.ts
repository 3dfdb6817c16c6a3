import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Standing } from '../../src/cassette/cassette.ts';
import { standingOf } from '../../src/cassette/cassette.ts';
import { type Disk, realDisk } from '../../src/cassette/disk.ts';
import { failingDisk } from './failing-disk.ts';
import { type Folder, inFolder, pathsOf } from './folder.ts';
import { sample } from './samples.ts';

/** A volume that can only be read. */
const readOnly: Disk = {
  ...realDisk,
  open: (path, purpose) => (purpose === 'read' ? realDisk.open(path, purpose) : refuse()),
  rename: refuse,
  remove: refuse,
  makeFolder: refuse,
  removeFolder: refuse,
  syncFolder: refuse,
};

function refuse(): Promise<never> {
  return Promise.reject(Object.assign(new Error('read-only'), { code: 'EROFS' }));
}

/** Leaves a take that was ended, and whose compaction was cut at its very beginning. */
async function endedLog(folder: Folder, adds: boolean): Promise<void> {
  const take = await folder.library().record('c', { adds });
  await take.append(sample(7));
  copyFileSync(join(folder.path, 'c.wal'), join(folder.path, 'saved'));
  await take.close();
  const other = await folder.library().record('other', { adds: false });
  await other.finish();
  rmSync(join(folder.path, 'other.json'));
  const { endFrame } = await import('../../src/cassette/log-frames.ts');
  const log = Buffer.concat([readFileSync(join(folder.path, 'saved')), ...endFrame(1)]);
  writeFileSync(join(folder.path, 'c.wal'), log);
  rmSync(join(folder.path, 'saved'));
}

const sha256 = (...files: readonly string[]): string => {
  const digest = createHash('sha256');
  for (const file of files) digest.update(readFileSync(file));
  return digest.digest('hex');
};

interface Expected {
  readonly standing: Standing;
  readonly paths: readonly string[];
  readonly unfinished: boolean;
  readonly warnings: number;
  readonly file: string;
}

const states: readonly [string, (folder: Folder) => Promise<void>, Expected][] = [
  [
    'a complete cassette',
    (folder) => folder.complete([sample(0), sample(1)]),
    { standing: 'complete', paths: ['/0', '/1'], unfinished: false, warnings: 0, file: 'c.json' },
  ],
  [
    'an unfinished take',
    (folder) => folder.unfinished([sample(0)]),
    { standing: 'unfinished', paths: ['/0'], unfinished: true, warnings: 1, file: 'c.wal' },
  ],
  [
    'a complete cassette and an unfinished take that was to replace it',
    async (folder) => {
      await folder.complete([sample(0)]);
      await folder.unfinished([sample(1)]);
    },
    {
      standing: 'complete and unfinished',
      paths: ['/0'],
      unfinished: false,
      warnings: 1,
      file: 'c.json',
    },
  ],
  [
    'a complete cassette and an unfinished take that was to add to it',
    async (folder) => {
      await folder.complete([sample(0)]);
      await folder.unfinished([sample(1)], true);
    },
    {
      standing: 'complete and unfinished',
      paths: ['/0', '/1'],
      unfinished: true,
      warnings: 1,
      file: 'c.json',
    },
  ],
  [
    'an ended take that is not yet a cassette',
    (folder) => endedLog(folder, false),
    { standing: 'complete', paths: ['/7'], unfinished: false, warnings: 0, file: 'c.wal' },
  ],
  [
    'an ended take that was to replace a cassette and has not yet',
    async (folder) => {
      await folder.complete([sample(0)]);
      await endedLog(folder, false);
    },
    { standing: 'complete', paths: ['/7'], unfinished: false, warnings: 0, file: 'c.wal' },
  ],
  [
    'an ended take that was to add to a cassette and has not yet',
    async (folder) => {
      await folder.complete([sample(0)]);
      await endedLog(folder, true);
    },
    { standing: 'complete', paths: ['/0', '/7'], unfinished: false, warnings: 0, file: 'c.json' },
  ],
];

describe.each(states)('where there is %s', (_what, prepare, expected) => {
  test('that is loaded, on a volume that can only be read', async () => {
    await inFolder(async (folder) => {
      await prepare(folder);
      const before = folder.files();
      const recording = await folder.library({}, readOnly).load('c');
      expect(pathsOf(recording.interactions)).toEqual(expected.paths);
      expect(recording.interactions.map(({ sequence }) => sequence)).toEqual(
        expected.paths.map((_path, index) => index),
      );
      expect(recording.unfinished).toBe(expected.unfinished);
      expect(recording.file).toBe(join(folder.path, expected.file));
      expect(recording.name).toBe('c');
      expect(folder.warnings).toHaveLength(expected.warnings);
      expect(folder.files()).toEqual(before);
    });
  });

  test('a glance sees it, and changes nothing', async () => {
    await inFolder(async (folder) => {
      await prepare(folder);
      const before = folder.files();
      expect(await standingOf(folder.path, 'c')).toBe(expected.standing);
      expect(folder.files()).toEqual(before);
    });
  });

  test('that is what is seen, and a look makes up for a compaction', async () => {
    await inFolder(async (folder) => {
      await prepare(folder);
      expect(await folder.library({}, readOnly).look('c')).toBe(expected.standing);
      expect(await folder.library().look('c')).toBe(expected.standing);
      const recording = await folder.library().load('c');
      expect(pathsOf(recording.interactions)).toEqual(expected.paths);
      if (expected.standing === 'complete') expect(folder.files()).toEqual(['c.json']);
    });
  });
});

describe('the digest', () => {
  test('is of the cassette, of the log where there is only that, of both where both are served', async () => {
    await inFolder(async (folder) => {
      const [json, wal] = [join(folder.path, 'c.json'), join(folder.path, 'c.wal')];
      await folder.unfinished([sample(0)]);
      expect((await folder.library().load('c')).digest).toBe(sha256(wal));
      await folder.complete([sample(0)]);
      expect((await folder.library().load('c')).digest).toBe(sha256(json));
      await folder.unfinished([sample(1)], true);
      expect((await folder.library().load('c')).digest).toBe(sha256(json, wal));
    });
  });
});

describe('is refused', () => {
  test.each([
    ['what is absent', undefined, '', 'CASSETTE_NOT_FOUND', /c\.json, .*c\.msgpack\.gz/],
    ['an empty file', 'c.json', '', 'CASSETTE_CORRUPT', /c\.json: breaks off at byte 0/],
    ['a broken file', 'c.json', '{"a":}', 'CASSETTE_CORRUPT', /c\.json: is no JSON at byte 5/],
    [
      'a wrong field',
      'c.json',
      '{"version":"2.0"}',
      'CASSETTE_CORRUPT',
      /c\.json: root\.name: is no text/,
    ],
    [
      'a later version',
      'c.json',
      '{"version":"3"}',
      'CASSETTE_VERSION_UNKNOWN',
      /c\.json: version "3"/,
    ],
    [
      'a foreign log',
      'c.wal',
      'PK\x03\x04abcd',
      'CASSETTE_CORRUPT',
      /c\.wal: is no write-ahead log/,
    ],
    ['a broken msgpack', 'c.msgpack', '\x84', 'CASSETTE_CORRUPT', /c\.msgpack: .* at byte/],
  ])('%s, and nothing is overwritten', async (...[_what, file, text, code, words]) => {
    await inFolder(async (folder) => {
      if (file !== undefined) writeFileSync(join(folder.path, file), text, 'latin1');
      const loaded = folder.library().load('c');
      await expect(loaded).rejects.toMatchObject({
        code,
        message: expect.stringMatching(words),
      });
      expect(folder.files()).toEqual(file === undefined ? [] : [file]);
      if (file !== undefined) {
        expect(readFileSync(join(folder.path, file), 'latin1')).toBe(text);
      }
    });
  });

  test('what cannot be opened', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)]);
      const forbidden: Disk = {
        ...realDisk,
        open: () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })),
      };
      await expect(folder.library({}, forbidden).load('c')).rejects.toMatchObject({
        code: 'CASSETTE_UNREADABLE',
        message: expect.stringContaining(`${join(folder.path, 'c.json')}: EACCES`),
      });
    });
  });

  test('two formats at once, by all three', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)]);
      copyFileSync(join(folder.path, 'c.json'), join(folder.path, 'c.msgpack'));
      const library = folder.library();
      const ambiguous = { code: 'CASSETTE_AMBIGUOUS' };
      await expect(library.look('c')).rejects.toMatchObject(ambiguous);
      await expect(library.load('c')).rejects.toMatchObject(ambiguous);
      await expect(library.record('c', { adds: false })).rejects.toMatchObject(ambiguous);
    });
  });

  test('a name that leads outside, by all three', async () => {
    await inFolder(async (folder) => {
      const library = folder.library();
      const invalid = { code: 'CASSETTE_NAME_INVALID' };
      await expect(library.look('../c')).rejects.toMatchObject(invalid);
      await expect(library.load('../c')).rejects.toMatchObject(invalid);
      await expect(library.record('../c', { adds: false })).rejects.toMatchObject(invalid);
    });
  });
});

test('a look that cannot compact says so, and counts the take as complete', async () => {
  await inFolder(async (folder) => {
    await endedLog(folder, false);
    expect(await folder.library({}, readOnly).look('c')).toBe('complete');
    expect(folder.warnings).toEqual([expect.stringMatching(/c\.wal: a complete take.*EROFS/)]);
  });
});

test('a compaction may be cut again and again', async () => {
  for (let n = 1; ; n += 1) {
    const disk = failingDisk(n, 'dies');
    await inFolder(async (folder) => {
      await folder.complete([sample(0)]);
      await endedLog(folder, true);
      await folder.library({ format: 'msgpack' }, disk).look('c');
      // Another format yet: the cassette that the log began with may stand beside the new one.
      expect(await folder.library({ format: 'json.gz' }).look('c')).toBe('complete');
      const { interactions } = await folder.library({}, readOnly).load('c');
      expect(pathsOf(interactions)).toEqual(['/0', '/7']);
      expect(folder.files()).toHaveLength(1);
    });
    if (disk.operations() < n) return;
  }
});

test('one name is recorded by one take at a time, and again after it', async () => {
  await inFolder(async (folder) => {
    const library = folder.library();
    const take = await library.record('c', { adds: false });
    await expect(library.record('c', { adds: false })).rejects.toMatchObject({
      code: 'CASSETTE_UNWRITABLE',
    });
    expect(await library.look('c')).toBe('unfinished');
    await take.close();
    const again = await library.record('c', { adds: false });
    await again.finish();
    expect(await library.look('c')).toBe('complete');
  });
});
