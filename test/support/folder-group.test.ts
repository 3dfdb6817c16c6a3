import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { giveToFolderGroup, reservedGid } from '../../src/support/folder-group.ts';
import { describeWhere } from '../skip.ts';

const root = { ok: process.getuid?.() === 0, reason: 'only root can take on another group' };

test('a process of an ordinary group leaves the groups of files alone', async () => {
  await giveToFolderGroup('/nowhere/at/all');
});

describeWhere(root, 'a process of the reserved group', () => {
  /** Makes a file in a folder of group 4321, as a group; gives the group that the file then has. */
  async function groupOfFileMadeAs(gid: number): Promise<number> {
    const folder = await mkdtemp(join(tmpdir(), 'magneto-group-'));
    try {
      await chown(folder, 0, 4321);
      const file = join(folder, 'file');
      const module = resolve('src/support/folder-group.ts');
      const script = `import { writeFileSync } from 'node:fs';
        import { giveToFolderGroup } from ${JSON.stringify(module)};
        writeFileSync(${JSON.stringify(file)}, '');
        await giveToFolderGroup(${JSON.stringify(file)});`;
      await execa('node', ['--input-type=module', '--eval', script], { gid });
      return (await stat(file)).gid;
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  test('gives a file to the group of its folder', async () => {
    expect(await groupOfFileMadeAs(reservedGid)).toBe(4321);
  });

  test('which no other does', async () => {
    expect(await groupOfFileMadeAs(1234)).toBe(1234);
  });
});
