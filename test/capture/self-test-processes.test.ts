import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { lookalikes } from '../../src/capture/self-test-processes.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';

interface Process {
  readonly ids?: readonly [uid: number, gid: number];
  readonly namespace?: string;
  readonly words?: readonly string[];
}

async function put(proc: string, pid: string, process: Process): Promise<void> {
  const {
    ids: [uid, gid] = [1000, 48_889],
    namespace = 'net:[1]',
    words = ['sleep', '9'],
  } = process;
  const folder = join(proc, pid);
  await mkdir(join(folder, 'ns'), { recursive: true });
  const status = `Name:\tsleep\nUid:\t0\t${uid}\t0\t0\nGid:\t0\t${gid}\t0\t0\n`;
  await writeFile(join(folder, 'status'), status);
  await writeFile(join(folder, 'cmdline'), `${words.join('\0')}\0`);
  if (namespace !== '') await symlink(namespace, join(folder, 'ns', 'net'));
}

test('those with our user and group in our network are found, and no other', () =>
  withFolder(async (proc) => {
    await put(proc, 'self', {});
    await put(proc, '1', { ids: [0, 48_889] });
    await put(proc, '2', { ids: [1000, 1000] });
    await put(proc, '3', {});
    await put(proc, '4', { words: ['node', '/app/magneto.cjs', 'serve'] });
    await put(proc, '5', { namespace: 'net:[2]' });
    // Its namespace cannot be read: better one warning too many.
    await put(proc, '6', { namespace: '' });
    await mkdir(join(proc, '7'));
    const own = { uid: 1000, gid: 48_889, program: '/app/magneto.cjs' };
    expect((await lookalikes(own, proc)).map(({ pid }) => pid)).toEqual([3, 6]);
    expect((await lookalikes(own, proc))[0]?.name).toBe('sleep');
  }));

test('without /proc there are none to be seen', async () => {
  const own = { uid: 1000, gid: 48_889, program: 'magneto' };
  expect(await lookalikes(own, '/nowhere')).toEqual([]);
});
