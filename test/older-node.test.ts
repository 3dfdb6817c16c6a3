import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';

const bundle = join(import.meta.dirname, '..', 'dist', 'magneto.cjs');

/** Runs a bundle under a Node that takes itself for an old one. */
async function underAnOldNode(file: string) {
  const folder = await mkdtemp(join(tmpdir(), 'magneto-'));
  const pretend = join(folder, 'pretend.cjs');
  const versions = '{ value: { ...process.versions, node: "20.1.0" } }';
  await writeFile(pretend, `Object.defineProperty(process, 'versions', ${versions});`);
  try {
    return await execa(process.execPath, ['-r', pretend, file, 'version'], { reject: false });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('the bundle of a clone goes on under the Node that the clone brings', async () => {
  const { stdout, exitCode } = await underAnOldNode(bundle);
  expect(stdout).toMatch(/^magneto \d+\.\d+\.\d+/);
  expect(exitCode).toBe(0);
});

test('without a newer Node it says what is missing, in one line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'magneto-'));
  const alone = join(folder, 'magneto.cjs');
  await copyFile(bundle, alone);
  const { stderr, exitCode } = await underAnOldNode(alone);
  await rm(folder, { recursive: true });
  expect(stderr).toMatch(/^magneto: Node 24 or later is needed, and this is v\d+[^\n]*$/);
  expect(exitCode).toBe(2);
});
