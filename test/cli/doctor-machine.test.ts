import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { clockRow, descriptorsRow, volumeRow } from '../../src/cli/doctor-machine.ts';
import { openAuthority } from '../../src/tls/tls.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';

describe('the volume', () => {
  test('that can be written, and one that is not there', () =>
    withFolder(async (folder) => {
      const row = await volumeRow(folder);
      expect(row.status).toBe('ok');
      expect(row.words).toMatch(/of user \d+:\d+, \d+ MiB free$/);
      expect((await volumeRow(join(folder, 'none'))).status).toBe('unknown');
    }));

  test('without room fails', async () => {
    // A file system of the kernel's has none.
    expect(await volumeRow('/proc')).toMatchObject({ status: 'fail', add: 'free space' });
  });
});

test('the clock is held against the life of the CA', () =>
  withFolder(async (directory) => {
    const { certificateFile } = await openAuthority({ directory });
    const pem = await readFile(certificateFile, 'utf8');
    const day = 86_400_000;
    const at = (days: number) => clockRow(pem, new Date(Date.now() + days * day));
    expect(at(0).status).toBe('ok');
    expect(at(-10)).toMatchObject({ status: 'fail', add: 'set the clock of the host' });
    expect(at(50_000)).toMatchObject({ status: 'fail', words: expect.stringContaining('expired') });
    const left = Number(/good for (\d+) days/.exec(at(0).words)?.[1]);
    expect(at(left - 10)).toMatchObject({ status: 'warn' });
    expect(clockRow(undefined).status).toBe('unknown');
  }));

test.each([
  ['1024 ', 'warn'],
  ['65536', 'ok'],
  ['unlimited', 'ok'],
  [undefined, 'unknown'],
])('a limit of %s descriptors: %s', (limit, status) =>
  withFolder(async (folder) => {
    const file = join(folder, 'limits');
    if (limit !== undefined)
      await writeFile(file, `Max open files            ${limit}  4096  files\n`);
    expect((await descriptorsRow(file)).status).toBe(status);
  }),
);
