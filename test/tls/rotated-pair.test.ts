import { readFile, unlink, writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { AuthorityPaths, PemPair } from '../../src/tls/authority-files.ts';
import { authorityPaths } from '../../src/tls/authority-files.ts';
import { makePair } from '../../src/tls/authority-making.ts';
import { replacePair, settlePair } from '../../src/tls/rotated-pair.ts';
import { withDirectory } from './tools.ts';

const names = undefined;
const [before, after] = [await makePair({ names }), await makePair({ names })];

async function found(paths: AuthorityPaths): Promise<PemPair> {
  const read = (path: string): Promise<string> => readFile(path, 'latin1');
  return { certificate: await read(paths.certificate), key: await read(paths.key) };
}

async function withReplaced(body: (paths: AuthorityPaths) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const paths = authorityPaths(directory);
    await writeFile(paths.certificate, before.certificate);
    await writeFile(paths.key, before.key, { mode: 0o600 });
    await replacePair(paths, after, before);
    await body(paths);
  });
}

test('a pair that nobody replaced is what its files say', async () => {
  const paths = authorityPaths('/certs');
  expect(await settlePair(paths, before)).toEqual(before);
  expect(await settlePair(paths, { key: before.key })).toBeUndefined();
});

test('what replaced another is found whole, and any program finds the key in its file', async () => {
  await withReplaced(async (paths) => {
    const pair = await settlePair(paths, await found(paths));
    expect(pair?.certificate).toBe(after.certificate);
    expect(pair?.key).toContain(after.key);
  });
});

test.each([
  ['is still that of before', (path: string) => writeFile(path, before.certificate)],
  ['has gone', unlink],
])('where ca.pem %s, it follows', async (_, spoil) => {
  await withReplaced(async (paths) => {
    await spoil(paths.certificate);
    const { key } = await found({ ...paths, certificate: paths.key });
    const certificate = await readFile(paths.certificate, 'latin1').catch(() => undefined);
    const pair = await settlePair(paths, {
      key,
      ...(certificate !== undefined && { certificate }),
    });
    expect(pair?.certificate).toBe(after.certificate);
    expect(await readFile(paths.certificate, 'latin1')).toBe(after.certificate);
  });
});

test('a ca.pem from elsewhere is a failure, and stays', async () => {
  await withReplaced(async (paths) => {
    const { certificate } = await makePair({ names });
    await writeFile(paths.certificate, certificate);
    const settled = settlePair(paths, await found(paths));
    await expect(settled).rejects.toMatchObject({ code: 'CA_INVALID' });
    await expect(settled).rejects.toThrow(/is not the certificate that .*ca\.key has had/);
    expect(await readFile(paths.certificate, 'latin1')).toBe(certificate);
  });
});
