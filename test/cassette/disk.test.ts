import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readWhole, realDisk, removeFolders } from '../../src/cassette/disk.ts';
import { inFolder } from './folder.ts';

test('pieces are written one after the other, and read back', async () => {
  await inFolder(async ({ path }) => {
    const file = await realDisk.open(join(path, 'a'), 'make');
    const pieces = ['ab', '', 'c', 'def'].map((text) => Buffer.from(text));
    await file.write(0, pieces);
    await file.write(6, [Buffer.from('g')]);
    await file.sync();
    expect((await file.read(1, 3)).toString()).toBe('bcd');
    expect((await file.read(5, 100)).toString()).toBe('fg');
    await file.truncate(2);
    expect(await file.size()).toBe(2);
    await file.close();
    expect(await realDisk.size(join(path, 'a'))).toBe(2);
    expect((await readWhole(realDisk, join(path, 'a'))).toString()).toBe('ab');
  });
});

test('many pieces, more than the kernel takes at once, are all written', async () => {
  await inFolder(async ({ path }) => {
    const file = await realDisk.open(join(path, 'a'), 'make');
    const pieces = Array.from({ length: 5000 }, (_, index) => Buffer.from(`${index},`));
    await file.write(0, pieces);
    await file.close();
    expect(readFileSync(join(path, 'a'))).toEqual(Buffer.concat(pieces));
  });
});

test('files are open to read for all, as far as the umask lets them', async () => {
  await inFolder(async ({ path }) => {
    const file = await realDisk.open(join(path, 'a'), 'make');
    await file.close();
    const mode = statSync(join(path, 'a')).mode & 0o777;
    expect(mode | 0o644).toBe(0o644);
    expect(mode & 0o600).toBe(0o600);
  });
});

test('what is made must be new, what is replaced is emptied', async () => {
  await inFolder(async ({ path }) => {
    writeFileSync(join(path, 'a'), 'old');
    await expect(realDisk.open(join(path, 'a'), 'make')).rejects.toMatchObject({ code: 'EEXIST' });
    await (await realDisk.open(join(path, 'a'), 'replace')).close();
    expect(await realDisk.size(join(path, 'a'))).toBe(0);
  });
});

test('an absent file has no size, nor has one below a file; others fail', async () => {
  await inFolder(async ({ path }) => {
    writeFileSync(join(path, 'a'), '');
    expect(await realDisk.size(join(path, 'b'))).toBeUndefined();
    expect(await realDisk.size(join(path, 'a/b'))).toBeUndefined();
    await expect(realDisk.size(join(path, 'b'.repeat(300)))).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    });
  });
});

test('folders are made, synced and removed up to one that is in use', async () => {
  await inFolder(async ({ path, files }) => {
    expect(await realDisk.makeFolder(join(path, 'a/b/c'))).toBe(join(path, 'a'));
    expect(await realDisk.makeFolder(join(path, 'a/b/c'))).toBeUndefined();
    await realDisk.syncFolder(join(path, 'a/b'));
    writeFileSync(join(path, 'a/x'), '');
    await removeFolders(realDisk, join(path, 'a/b/c'), join(path, 'a'));
    expect(files()).toEqual(['a/x']);
    expect(await realDisk.makeFolder(join(path, 'a/b'))).toBe(join(path, 'a/b'));
  });
});
