import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';

let folder = '';

/** What a user gets who installs the published package into an empty folder. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'magneto-package-'));
  await execa('node', ['scripts/package.ts']);
  const pack = ['pack', '--json', '--pack-destination', folder];
  await execa('npm', pack, { cwd: 'dist/package' });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  expect(archive).toBeDefined();
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--prefix', folder];
  await execa('npm', [...install, join(folder, archive ?? '')], { cwd: folder });
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it brings no other package but what is native, least of all a Node of its own', () => {
  const modules = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  const native = ['@koromix', 'koffi'];
  expect(modules.filter((name) => !native.includes(name))).toEqual(['magneto-serge']);
  expect(existsSync(join(folder, 'node_modules/.bin/node'))).toBe(false);
});

test('its manifest is public and names no tools', () => {
  const path = join(folder, 'node_modules/magneto-serge/package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const absent = ['private', 'scripts', 'dependencies', 'devDependencies'];
  expect(Object.keys(manifest['optionalDependencies'] as object)).toEqual(['koffi']);
  expect(Object.keys(manifest).filter((key) => absent.includes(key))).toEqual([]);
  expect(manifest['engines']).toEqual({ node: '>=24' });
});

test('it brings the licences of the libraries that are in it', () => {
  const path = join(folder, 'node_modules/magneto-serge/third-party-notices.txt');
  const notices = readFileSync(path, 'utf8');
  expect(notices).toMatch(/^ws \d+\.\d+\.\d+ \(MIT\)$/m);
  expect(notices).toMatch(/^@pinojs\/redact \d+\.\d+\.\d+ \(MIT\)$/m);
  expect(notices).not.toMatch(/^esbuild /m);
});

test('its command answers', async () => {
  const { stdout } = await execa(join(folder, 'node_modules/.bin/magneto'), ['version']);
  const root = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(stdout).toContain(root.version);
});

test('its public face can be imported, and its types stand alone', async () => {
  const probe = `import('magneto-serge').then((face) => console.log(Object.keys(face).length))`;
  const { stdout } = await execa('node', ['--eval', probe], { cwd: folder });
  expect(Number(stdout)).toBeGreaterThan(0);
  const types = join(folder, 'node_modules/magneto-serge/types/index.d.ts');
  const compiler = resolve('node_modules/typescript/bin/tsc');
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext'];
  const roots = ['--types', 'node', '--typeRoots', resolve('node_modules/@types')];
  await execa(process.execPath, [compiler, ...flags, ...roots, types], { cwd: folder });
});
