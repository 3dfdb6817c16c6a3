import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deniedWords } from '../../src/support/denied.ts';

const error = (code: string): Error => Object.assign(new Error(code), { code });

describe('why a path is out of reach', () => {
  let folder = '';
  let owner = { uid: 0, gid: 0 };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'magneto-unwritable-'));
    owner = statSync(folder);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test('another user owns the folder: whose it is, and the line to add', () => {
    const self = { uid: owner.uid + 1, gid: 7 };
    const ids = `${owner.uid}:${owner.gid}`;
    expect(deniedWords(join(folder, 'not', 'yet', 'there.json'), error('EACCES'), self)).toBe(
      `EACCES, ${folder} belongs to ${ids} and magneto runs as ${self.uid}:7 ` +
        `(in a compose file add \`user: "${ids}"\` to its service)`,
    );
  });

  test('the transparent image, which is nobody else however one starts it, needs the folder', () => {
    const self = { uid: owner.uid + 1, gid: 48_889 };
    expect(deniedWords(folder, error('EACCES'), self)).toBe(
      `EACCES, ${folder} belongs to ${owner.uid}:${owner.gid} and magneto runs as ${self.uid}:48889 ` +
        `as the owner of the cassettes; \`chown -R ${self.uid}\` gives it the folder`,
    );
  });

  test('the folder counts, not a file in it', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const words = deniedWords(file, error('EPERM'), { uid: owner.uid + 1, gid: 7 });
    expect(words).toContain(`EPERM, ${folder} belongs to `);
  });

  test('our own folder: no other user would help', () => {
    expect(deniedWords(folder, error('EACCES'), { uid: owner.uid, gid: 7 })).toBe(
      `EACCES, magneto runs as ${owner.uid}:7`,
    );
  });

  test('a path of which nothing can be seen says no more than the code', () => {
    expect(deniedWords('', error('EACCES'), { uid: 1, gid: 7 })).toMatch(/^EACCES/);
  });

  test('nothing to do with users', () => {
    expect(deniedWords(folder, error('ENOSPC'))).toBe('ENOSPC');
    expect(deniedWords(folder, error('EROFS'))).toBe('EROFS, it is mounted read-only');
    expect(deniedWords(folder, new Error('a bug'))).toBe('a bug');
  });
});
