import { writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { descriptorOf, filesKept, openFilesMax } from '../../src/support/open-files.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';

test('the limit on open files is read as the kernel tells it', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'limits');
    await writeFile(
      file,
      'Limit  Soft Hard Units\nMax open files            1024   4096    files\n',
    );
    expect(openFilesMax(file)).toBe(1024);
    await writeFile(file, 'Max open files            unlimited   unlimited    files\n');
    expect(openFilesMax(file)).toBeUndefined();
    expect(openFilesMax(join(folder, 'none'))).toBeUndefined();
  });
});

test('some files are kept back, more of many', () => {
  expect([100, 1024, 20_000, 1_048_576].map(filesKept)).toEqual([32, 52, 512, 512]);
});

test('a socket that has no descriptor has none', () => {
  expect(descriptorOf(new Socket())).toBeUndefined();
});
