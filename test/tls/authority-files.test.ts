import { mkdir, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { PemPair } from '../../src/tls/authority-files.ts';
import { authorityPaths, openPair } from '../../src/tls/authority-files.ts';
import { withDirectory } from './tools.ts';

function pem(label: string, text: string): string {
  return `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`;
}

function pair(mark: string): PemPair {
  return { certificate: pem('CERTIFICATE', mark), key: pem('PRIVATE KEY', mark) };
}

const never = (): Promise<PemPair> => {
  throw new Error('made where one was there');
};

test('makes the directory and a pair, the key for its owner only, and leaves nothing else', async () => {
  await withDirectory(async (root) => {
    const directory = join(root, 'a', 'b');
    const made = await openPair(directory, async () => pair('x'));
    expect(made).toEqual(pair('x'));
    expect((await readdir(directory)).toSorted()).toEqual(['ca.key', 'ca.pem']);
    expect((await stat(join(directory, 'ca.key'))).mode & 0o777).toBe(0o600);
    expect(await openPair(directory, never)).toEqual(pair('x'));
  });
});

test('of many that start at once, all bring the same pair', async () => {
  for (let round = 0; round < 10; round++) {
    await withDirectory(async (directory) => {
      const opened = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          openPair(directory, async () => {
            await new Promise((resolve) => {
              setTimeout(resolve, (index * 7 + round) % 5);
            });
            return pair(`maker ${index}`);
          }),
        ),
      );
      expect(new Set(opened.map((each) => each.key)).size).toBe(1);
      for (const each of opened)
        expect(each.key.split('\n')[1]).toBe(each.certificate.split('\n')[1]);
      expect((await readdir(directory)).toSorted()).toEqual(['ca.key', 'ca.pem']);
    });
  }
});

describe('a start that was cut', () => {
  test.each([
    ['before either file', []],
    ['after the key', ['ca.key']],
    ['before the draft was put away', ['ca.key', 'ca.pem']],
  ] as const)('%s is finished by the next', async (_, files) => {
    await withDirectory(async (directory) => {
      const { draft } = authorityPaths(directory);
      const cut = pair('cut');
      await writeFile(draft, cut.key + cut.certificate);
      for (const file of files) {
        await writeFile(join(directory, file), file === 'ca.key' ? cut.key : cut.certificate);
      }
      expect(await openPair(directory, never)).toEqual(cut);
      expect(await readFile(join(directory, 'ca.pem'), 'latin1')).toBe(cut.certificate);
    });
  });

  test('a torn draft is waited for', async () => {
    await withDirectory(async (directory) => {
      const { draft } = authorityPaths(directory);
      const whole = pair('slow');
      await writeFile(draft, whole.key);
      const opening = openPair(directory, never);
      setTimeout(() => void writeFile(draft, whole.key + whole.certificate), 80);
      expect(await opening).toEqual(whole);
    });
  });

  test('and named where it stays torn', async () => {
    await withDirectory(async (directory) => {
      const { draft } = authorityPaths(directory);
      await writeFile(draft, 'half');
      const opening = openPair(directory, never);
      await expect(opening).rejects.toMatchObject({ code: 'CA_INVALID' });
      await expect(opening).rejects.toThrow(draft);
    });
  });
});

describe('half a pair', () => {
  test.each([
    ['ca.pem', 'ca.key'],
    ['ca.key', 'ca.pem'],
  ])('without %s is refused, not completed', async (absent, present) => {
    await withDirectory(async (directory) => {
      await openPair(directory, async () => pair('x'));
      await unlink(join(directory, absent));
      const opening = openPair(directory, never);
      await expect(opening).rejects.toMatchObject({ code: 'CA_INVALID' });
      await expect(opening).rejects.toThrow(`${join(directory, absent)} is missing`);
      expect(await readdir(directory)).toEqual([present]);
    });
  });
});

test('a file that cannot be read is named', async () => {
  await withDirectory(async (directory) => {
    await mkdir(join(directory, 'ca.pem'));
    const opening = openPair(directory, never);
    await expect(opening).rejects.toMatchObject({ code: 'CA_INVALID' });
    await expect(opening).rejects.toThrow(/ca\.pem cannot be read: EISDIR/);
  });
});

test('a directory that cannot be made is named', async () => {
  await withDirectory(async (root) => {
    const directory = join(root, 'file', 'certs');
    await writeFile(join(root, 'file'), '');
    const opening = openPair(directory, async () => pair('x'));
    await expect(opening).rejects.toMatchObject({ code: 'CA_UNWRITABLE' });
    await expect(opening).rejects.toThrow(directory);
  });
});
