import { hash } from 'node:crypto';
import { mkdirSync, existsSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { BodyFile, waitingBytesMax } from '../../src/cassette/body-file.ts';
import type { FsyncPolicy } from '../../src/cassette/cassette.ts';
import { type Disk, realDisk } from '../../src/cassette/disk.ts';
import { failingDisk } from './failing-disk.ts';
import { inFolder } from './folder.ts';

const failed = (): never => {
  throw new Error('nothing fails here');
};

function bodyIn(folder: string, disk: Disk = realDisk, fsync: FsyncPolicy = 'interval') {
  return new BodyFile({ disk, folder, fsync, onFailure: failed });
}

/** The real disk, which says what is synced, and writes only when it is let. */
function slowDisk() {
  const gate = Promise.withResolvers<void>();
  const synced: string[] = [];
  const disk: Disk = {
    ...realDisk,
    open: async (path, purpose) => {
      const file = await realDisk.open(path, purpose);
      return {
        ...file,
        write: async (position, pieces) => {
          await gate.promise;
          return file.write(position, pieces);
        },
        sync: () => {
          synced.push('file');
          return file.sync();
        },
      };
    },
    syncFolder: (path) => {
      synced.push(basename(path));
      return realDisk.syncFolder(path);
    },
  };
  return { disk, synced, letGo: gate.resolve };
}

test('what comes in pieces is written, and its digest known at the end', async () => {
  await inFolder(async ({ path }) => {
    const body = bodyIn(join(path, 'c.bodies'));
    for (const text of ['one ', 'two ', 'three']) await body.add(Buffer.from(text));
    expect(await body.finish()).toEqual({
      sha256: hash('sha256', 'one two three', 'hex'),
      bytes: 13,
    });
    expect(readFileSync(join(path, 'c.bodies', body.name), 'utf8')).toBe('one two three');
  });
});

test('it may be read by whoever may read a cassette', async () => {
  await inFolder(async ({ path }) => {
    const cassette = join(path, 'c.json');
    await (await realDisk.open(cassette, 'make')).close();
    const body = bodyIn(join(path, 'c.bodies'));
    await body.add(Buffer.from('x'));
    await body.finish();
    const { mode, uid, gid } = statSync(join(path, 'c.bodies', body.name));
    expect({ mode, uid, gid }).toEqual(expect.objectContaining(pick(statSync(cassette))));
    const folder = statSync(join(path, 'c.bodies'));
    mkdirSync(join(path, 'any'));
    expect(folder.mode).toBe(statSync(join(path, 'any')).mode);
  });
});

const pick = ({ mode, uid, gid }: Stats) => ({ mode, uid, gid });

test('whoever writes waits where the disk is behind, and only then', async () => {
  await inFolder(async ({ path }) => {
    const { disk, letGo } = slowDisk();
    const body = bodyIn(path, disk);
    const piece = Buffer.alloc(waitingBytesMax / 4);
    for (let n = 0; n < 4; n += 1) expect(body.add(piece)).toBeUndefined();
    let free = false;
    const room = body.add(piece)?.then(() => (free = true));
    expect(room).toBeDefined();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(free).toBe(false);
    letGo();
    await room;
    expect(body.add(piece)).toBeUndefined();
    expect((await body.finish()).bytes).toBe(6 * piece.length);
  });
});

describe('a body is synced', () => {
  test.each([
    ['always', ['X', 'file', 'c.bodies']],
    ['interval', ['X', 'file']],
    ['never', []],
  ] as const)('under %s: %j', async (fsync, expected) => {
    await inFolder(async ({ path }) => {
      const { disk, synced, letGo } = slowDisk();
      letGo();
      const body = bodyIn(join(path, 'c.bodies'), disk, fsync);
      await body.add(Buffer.from('x'));
      await body.finish();
      expect(synced.map((name) => (name === basename(path) ? 'X' : name))).toEqual(expected);
    });
  });

  test('while it comes, where it is large', async () => {
    await inFolder(async ({ path }) => {
      const { disk, synced, letGo } = slowDisk();
      letGo();
      const body = bodyIn(path, disk);
      for (let n = 0; n < 40; n += 1) await body.add(Buffer.alloc(1024 * 1024));
      const before = synced.length;
      expect(before).toBeGreaterThan(1);
      await body.finish();
    });
  });
});

test('the first write that fails is told at once, nobody waits for it, and the end is refused', async () => {
  for (let n = 1; n <= 4; n += 1) {
    await inFolder(async ({ path }) => {
      const failures: unknown[] = [];
      const onFailure = (file: string, error: unknown): void => void failures.push([file, error]);
      const folder = join(path, 'c.bodies');
      const body = new BodyFile({
        disk: failingDisk(n, 'once'),
        folder,
        fsync: 'interval',
        onFailure,
      });
      for (let count = 0; count < 5; count += 1) await body.add(Buffer.alloc(3 * 1024 * 1024));
      await expect(body.finish()).rejects.toMatchObject({ code: 'ENOSPC' });
      const told = [join(folder, body.name), expect.objectContaining({ code: 'ENOSPC' })];
      expect(failures).toEqual([told]);
    });
  }
});

test('what is left is closed, with what it has by then', async () => {
  await inFolder(async ({ path }) => {
    const body = bodyIn(path);
    await body.add(Buffer.from('begun'));
    await body.leave();
    expect(readFileSync(join(path, body.name), 'utf8')).toBe('begun');
    const nothing = bodyIn(path);
    await nothing.leave();
    expect(existsSync(join(path, nothing.name))).toBe(false);
  });
});
