import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { realDisk } from '../../src/cassette/disk.ts';
import { placesOf } from '../../src/cassette/names.ts';
import { onlyCassette, survey, unreadable, unwritable } from '../../src/cassette/store.ts';
import { Failure } from '../../src/exchange/failure.ts';
import { inFolder } from './folder.ts';
import { sample } from './samples.ts';

const look = (path: string, warnings: string[] = []) => {
  const warn = (line: string): void => void warnings.push(line);
  const options = { directory: path, format: 'json', fsync: 'never', warn } as const;
  return survey({ disk: realDisk, options }, placesOf(path, 'c'));
};

test('finds what stands there', async () => {
  await inFolder(async (folder) => {
    expect(await look(folder.path)).toMatchObject({ cassettes: [], logBytes: undefined });
    await folder.complete([sample(0)], { format: 'msgpack' });
    await folder.unfinished([sample(1)]);
    const found = await look(folder.path);
    expect(found.cassettes).toEqual([{ format: 'msgpack', file: join(folder.path, 'c.msgpack') }]);
    expect(found.log).toMatchObject({ ended: false, entries: [{ id: 'i-1' }] });
  });
});

test('a log whose take had not begun is there, but is none', async () => {
  await inFolder(async ({ path }) => {
    writeFileSync(join(path, 'c.wal'), 'magn');
    const warnings: string[] = [];
    const found = await look(path, warnings);
    expect(found.logBytes).toBe(4);
    expect(found.log).toBeUndefined();
  });
});

test('two formats are ambiguous, and both are named', async () => {
  await inFolder(async ({ path }) => {
    writeFileSync(join(path, 'c.json'), '');
    writeFileSync(join(path, 'c.msgpack.gz'), '');
    const found = await look(path);
    expect(() => onlyCassette(found)).toThrow(
      expect.objectContaining({ code: 'CASSETTE_AMBIGUOUS' }),
    );
    expect(() => onlyCassette(found)).toThrow(/c\.json and .*c\.msgpack\.gz/);
  });
});

test('what cannot be read is named', async () => {
  await inFolder(async ({ path }) => {
    mkdirSync(join(path, 'c.wal'));
    await expect(look(path)).rejects.toMatchObject({
      code: 'CASSETTE_UNREADABLE',
      message: expect.stringContaining('c.wal: EISDIR'),
    });
  });
});

describe('an error', () => {
  test('of the system becomes a failure that names the file', () => {
    const cause = Object.assign(new Error('x'), { code: 'EACCES' });
    expect(unreadable('f', cause)).toMatchObject({ code: 'CASSETTE_UNREADABLE', cause });
    expect(unwritable('f', cause)).toMatchObject({
      message: expect.stringMatching(/^f: EACCES\b/),
    });
  });

  test('that is a failure passes', () => {
    const failure = new Failure('CASSETTE_CORRUPT', 'x');
    expect(unwritable('f', failure)).toBe(failure);
  });

  test('that is a bug stays one', () => {
    const bug = new TypeError('x');
    expect(() => unreadable('f', bug)).toThrow(bug);
  });
});
