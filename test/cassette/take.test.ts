import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CassetteLibrary } from '../../src/cassette/cassette.ts';
import { failingDisk } from './failing-disk.ts';
import { inFolder, pathsOf } from './folder.ts';
import { sample } from './samples.ts';

const paths = async (library: CassetteLibrary) => pathsOf((await library.load('c')).interactions);

test('a take stands in its log until it is finished, and then in the cassette', async () => {
  await inFolder(async (folder) => {
    const library = folder.library();
    const take = await library.record('a/b/c', { adds: false });
    await Promise.all([take.append(sample(1)), take.append(sample(0))]);
    expect(take.recorded).toBe(2);
    expect(folder.files()).toEqual(['a/b/c.wal']);
    await take.finish();
    expect(folder.files()).toEqual(['a/b/c.json']);
    expect(pathsOf((await library.load('a/b/c')).interactions)).toEqual(['/0', '/1']);
    expect(take.failure).toBeUndefined();
  });
});

test.each(['always', 'interval', 'never'] as const)(
  'under %s what is acknowledged stands in the log',
  async (fsync) => {
    await inFolder(async (folder) => {
      const take = await folder.library({ fsync }).record('c', { adds: false });
      for (const sequence of [0, 1, 2]) {
        await take.append(sample(sequence));
        const size = readFileSync(join(folder.path, 'c.wal')).length;
        expect(size).toBeGreaterThan(100);
        expect((await folder.library().load('c')).interactions).toHaveLength(sequence + 1);
      }
      await take.close();
    });
  },
);

test('secrets reach neither the log nor the cassette', async () => {
  await inFolder(async (folder) => {
    const take = await folder.library().record('c', { adds: false });
    const headers = [
      ['Cookie', 'sid=c4n4ry'],
      ['Authorization', 'Basic c4n4ry'],
    ] as const;
    const answer = [['Set-Cookie', 'sid=c4n4ry; Path=/']] as const;
    await take.append(sample(0, { request: { headers }, response: { headers: answer } }));
    expect(readFileSync(join(folder.path, 'c.wal'), 'latin1')).not.toContain('c4n4ry');
    await take.finish();
    const cassette = readFileSync(join(folder.path, 'c.json'), 'utf8');
    expect(cassette).not.toContain('c4n4ry');
    expect(cassette).toContain('["Set-Cookie", "sid=[FILTERED]; Path=/"]');
  });
});

describe('a take that replaces', () => {
  test('leaves the complete cassette alone until it is finished', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)], { format: 'msgpack' });
      const library = folder.library();
      const take = await library.record('c', { adds: false });
      await take.append(sample(1));
      expect(await paths(library)).toEqual(['/0']);
      await take.finish();
      expect(await paths(library)).toEqual(['/1']);
      expect(folder.files()).toEqual(['c.json']);
    });
  });

  test('puts an unfinished one aside until it is complete', async () => {
    await inFolder(async (folder) => {
      await folder.unfinished([sample(0)]);
      const take = await folder.library().record('c', { adds: false });
      expect(folder.files()).toEqual(['c.wal', 'c.wal.aside']);
      await take.finish();
      expect(folder.files()).toEqual(['c.json']);
    });
  });

  test('keeps of several unfinished ones the newest that has something', async () => {
    await inFolder(async (folder) => {
      await folder.unfinished([sample(0)]);
      await folder.unfinished([sample(1)]);
      await folder.unfinished([]);
      await folder.unfinished([]);
      const aside = readFileSync(join(folder.path, 'c.wal.aside'), 'latin1');
      expect(aside).toContain('https://example.org/1');
    });
  });
});

describe('a take that adds', () => {
  test('goes on with an unfinished one, its torn tail dropped', async () => {
    await inFolder(async (folder) => {
      await folder.unfinished([sample(0), sample(1)]);
      const log = join(folder.path, 'c.wal');
      writeFileSync(log, readFileSync(log).subarray(0, -1));
      const library = folder.library();
      const take = await library.record('c', { adds: true });
      await take.append(sample(0, { request: { path: '/later' } }));
      expect(take.recorded).toBe(1);
      await take.finish();
      expect(await paths(library)).toEqual(['/0', '/later']);
      expect((await library.load('c')).interactions.map(({ id }) => id)).toEqual(['i-0', 'i-0-2']);
      expect(folder.files()).toEqual(['c.json']);
    });
  });

  test('puts old and new together, in the format that is set', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)]);
      const library = folder.library({ format: 'msgpack.gz' });
      const take = await library.record('c', { adds: true });
      await take.append(sample(1));
      await take.finish();
      expect(await paths(library)).toEqual(['/0', '/1']);
      expect(folder.files()).toEqual(['c.msgpack.gz']);
    });
  });

  test('and goes on with one that added', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)]);
      await folder.unfinished([sample(1)], true);
      const library = folder.library();
      const take = await library.record('c', { adds: true });
      await take.append(sample(2));
      await take.finish();
      expect(await paths(library)).toEqual(['/0', '/1', '/2']);
    });
  });

  test('but not with one that was to replace the cassette', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)]);
      await folder.unfinished([sample(1)], false);
      const library = folder.library();
      const take = await library.record('c', { adds: true });
      expect(folder.files()).toEqual(['c.json', 'c.wal', 'c.wal.aside']);
      await take.append(sample(2));
      await take.finish();
      expect(await paths(library)).toEqual(['/0', '/2']);
    });
  });

  test('nothing leaves the cassette as it is, to the byte', async () => {
    await inFolder(async (folder) => {
      const v1 = '{"version":"1.0","interactions":[]}';
      writeFileSync(join(folder.path, 'c.json'), v1);
      const take = await folder.library({ format: 'msgpack' }).record('c', { adds: true });
      await take.finish();
      expect(folder.files()).toEqual(['c.json']);
      expect(readFileSync(join(folder.path, 'c.json'), 'utf8')).toBe(v1);
    });
  });

  test('to version 1.0 makes it 2.0', async () => {
    await inFolder(async (folder) => {
      const request = { method: 'GET', url: 'http://example.org/old', headers: {} };
      const interactions = [{ request, response: { status: 200, headers: {}, body: 'x' } }];
      const v1 = JSON.stringify({ version: '1.0', name: 'c', interactions });
      writeFileSync(join(folder.path, 'c.json'), v1);
      const library = folder.library();
      const take = await library.record('c', { adds: true });
      await take.append(sample(1));
      await take.finish();
      expect(await paths(library)).toEqual(['/old', '/1']);
      expect(readFileSync(join(folder.path, 'c.json'), 'utf8')).toContain('"version": "2.0"');
    });
  });
});

describe('a compaction that fails', () => {
  test('when a take is finished loses nothing, and is made up for', async () => {
    await inFolder(async (folder) => {
      const library = folder.library();
      const take = await library.record('c', { adds: false });
      await take.append(sample(0));
      mkdirSync(join(folder.path, 'c.json.tmp'));
      await expect(take.finish()).rejects.toMatchObject({
        code: 'RECORDING_FAILED',
        message: expect.stringContaining('the take is whole, but not yet made a cassette (EISDIR)'),
      });
      expect(await paths(library)).toEqual(['/0']);
      const refused = library.record('c', { adds: true });
      await expect(refused).rejects.toMatchObject({ code: 'CASSETTE_UNWRITABLE' });
      rmSync(join(folder.path, 'c.json.tmp'), { recursive: true });
      const more = await library.record('c', { adds: true });
      expect(folder.files()).toEqual(['c.json', 'c.wal']);
      await more.discard();
    });
  });
});

describe('a take that has failed', () => {
  test('refuses all that follows, and is never complete', async () => {
    await inFolder(async (folder) => {
      // After the probe and the making of the log, an append is what fails.
      const disk = failingDisk(10, 'once');
      const take = await folder.library({ fsync: 'never' }, disk).record('c', { adds: false });
      const results = [];
      for (const sequence of [0, 1, 2, 3]) {
        results.push(
          await take.append(sample(sequence)).then(
            () => 'ok',
            () => 'failed',
          ),
        );
      }
      const good = results.indexOf('failed');
      expect(good).toBeGreaterThanOrEqual(0);
      expect(results.slice(good)).not.toContain('ok');
      expect(take.recorded).toBe(good);
      expect(take.failure?.code).toBe('RECORDING_FAILED');
      await expect(take.finish()).rejects.toBe(take.failure);
      const library = folder.library();
      expect(await library.look('c')).toBe('unfinished');
      expect((await library.load('c')).interactions).toHaveLength(good);
      expect(folder.warnings.filter((line) => line.includes('torn'))).toEqual([]);
    });
  });

  test('because an interaction cannot be written down has failed, too', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      const broken = {
        ...sample(0),
        timing: Object.create(
          {},
          {
            endMs: {
              enumerable: true,
              get: () => {
                throw new Error('x');
              },
            },
          },
        ) as { endMs: number },
      };
      await expect(take.append(broken)).rejects.toMatchObject({
        code: 'RECORDING_FAILED',
        message: expect.stringContaining('interaction i-0 cannot be written'),
      });
      await expect(take.append(sample(1))).rejects.toBe(take.failure);
      await expect(take.finish()).rejects.toBe(take.failure);
    });
  });
});

describe('a take that is over', () => {
  test('refuses more', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      const finishing = take.finish();
      await expect(take.append(sample(0))).rejects.toMatchObject({
        code: 'RECORDING_FAILED',
        message: expect.stringContaining('closed'),
      });
      await finishing;
      await take.close();
      await take.finish();
      expect(folder.files()).toEqual(['c.json']);
    });
  });

  test('holds what was appended just before', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      const appended = [0, 1, 2].map((sequence) => take.append(sample(sequence)));
      await take.finish();
      await Promise.all(appended);
      expect(await paths(folder.library())).toEqual(['/0', '/1', '/2']);
    });
  });
});

describe('a take that is discarded', () => {
  test('leaves no trace where it has written nothing', async () => {
    await inFolder(async (folder) => {
      await folder.complete([sample(0)]);
      const before = readFileSync(join(folder.path, 'c.json'), 'utf8');
      const take = await folder.library().record('c', { adds: false });
      await take.discard();
      expect(folder.files()).toEqual(['c.json']);
      expect(readFileSync(join(folder.path, 'c.json'), 'utf8')).toBe(before);
      await (await folder.library().record('c', { adds: false })).discard();
    });
  });

  test('puts back what was put aside for it', async () => {
    await inFolder(async (folder) => {
      await folder.unfinished([sample(0)]);
      const take = await folder.library().record('c', { adds: false });
      await take.discard();
      expect(folder.files()).toEqual(['c.wal']);
      expect(await paths(folder.library())).toEqual(['/0']);
    });
  });

  test('throws away nothing that was written, by it or before it', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      await take.append(sample(0));
      await take.discard();
      const more = await folder.library().record('c', { adds: true });
      await more.discard();
      expect(await folder.library().look('c')).toBe('unfinished');
      expect(await paths(folder.library())).toEqual(['/0']);
    });
  });
});

test('writes are told with their time', async () => {
  await inFolder(async (folder) => {
    const told: [number, boolean][] = [];
    const onWrite = (ms: number, failed: boolean): void => void told.push([ms, failed]);
    const take = await folder.library({ onWrite }).record('c', { adds: false });
    await take.append(sample(0));
    expect(told).toEqual([[expect.any(Number), false]]);
    await take.close();
  });
});
