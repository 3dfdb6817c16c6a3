import { chown, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { pathBeside, replaceWhole, unlinkIfThere, writeWhole } from '../../src/tls/whole-file.ts';
import { describeWhere } from '../skip.ts';
import { withDirectory } from './tools.ts';

describe('a file', () => {
  test('is made whole, with its mode, and not over another', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'ca.key');
      await writeWhole(path, 'secret', 0o600);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      await expect(writeWhole(path, 'other', 0o600)).rejects.toMatchObject({ code: 'EEXIST' });
      expect(await readFile(path, 'latin1')).toBe('secret');
    });
  });

  test('is replaced in one step, and nothing stays beside it', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'ca.key');
      await writeFile(path, 'old');
      await replaceWhole(path, 'new', 0o600);
      expect(await readFile(path, 'latin1')).toBe('new');
      await replaceWhole(join(directory, 'ca.pem'), 'made', 0o644);
      expect(await readdir(directory)).toEqual(['ca.key', 'ca.pem']);
    });
  });

  test('that has gone need not be removed', async () => {
    await withDirectory(async (directory) => {
      await expect(unlinkIfThere(pathBeside(join(directory, 'x')))).resolves.toBeUndefined();
      await expect(unlinkIfThere(directory)).rejects.toThrow();
    });
  });
});

describeWhere({ ok: process.getuid?.() === 0, reason: 'it takes root' }, 'for root', () => {
  test('a file that is replaced stays that of its owner', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'ca.key');
      await writeFile(path, 'old');
      await chown(path, 1000, 1001);
      await replaceWhole(path, 'new', 0o600);
      expect(await stat(path)).toMatchObject({ uid: 1000, gid: 1001 });
    });
  });
});
