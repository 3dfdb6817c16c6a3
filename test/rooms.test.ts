import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { roomRulesPath, roomRulesText, rooms } from '../scripts/rooms.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'magneto-rooms-'));
  for (const file of ['.oxlintrc.json', roomRulesPath, 'tsconfig.json'])
    cpSync(file, join(folder, file));
  // The type-aware rules are a program that the linter looks for beside the sources.
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The rules that the linter names for one source, standing alone in an otherwise empty tree. */
async function lint(path: string, source: string): Promise<readonly string[]> {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
  const oxlint = resolve('node_modules/.bin/oxlint');
  const { stdout } = await execa(oxlint, ['--format', 'unix', path], {
    cwd: folder,
    reject: false,
  });
  rmSync(file);
  return [...stdout.matchAll(/\[Error\/[a-z]+\(([a-z-]+)\)\]/g)].map((match) => match[1] ?? '');
}

const importOf = (specifier: string): string =>
  `import { a } from '${specifier}';\nexport const b = a;\n`;

test('the generated overrides are those of the table', () => {
  expect(readFileSync(roomRulesPath, 'utf8')).toBe(roomRulesText());
});

test('the table lets nobody import sideways or upwards, nor any room read configuration', () => {
  const settled = new Set<string>();
  for (const [room, mayImport] of Object.entries(rooms)) {
    expect(mayImport).not.toContain('config');
    expect(mayImport.filter((other) => !settled.has(other))).toEqual([]);
    settled.add(room);
  }
});

describe('an import is refused', () => {
  test.each([
    ['sideways', 'src/cassette/probe.ts', '../tls/tls.ts'],
    ['upwards', 'src/tls/probe.ts', '../intake/intake.ts'],
    ['upwards from a square', 'src/support/probe.ts', '../exchange/http.ts'],
    ['of the appliance', 'src/control/probe.ts', '../appliance.ts'],
    ['past a door', 'src/mode/probe.ts', '../cassette/json.ts'],
    ['past a door, by the appliance', 'src/appliance.ts', './cassette/json.ts'],
    ['past a door, by a verb', 'src/cli/probe.ts', '../cassette/json.ts'],
    ['past a door, by the public face', 'src/index.ts', './mode/replay.ts'],
    ['of the configuration', 'src/network/probe.ts', '../config/config.ts'],
    ['of the configuration by control', 'src/control/probe.ts', '../config/config.ts'],
    ['in a roundabout way', 'src/tls/probe.ts', './../cassette/cassette.ts'],
    ['through an open square', 'src/tls/probe.ts', '../support/../cassette/cassette.ts'],
    ['of verbs by the public face', 'src/index.ts', './cli/cli.ts'],
    ['of convict outside config/', 'src/cli/probe.ts', 'convict'],
    ['of process, which hides the environment', 'src/tls/probe.ts', 'node:process'],
  ])('%s', async (_way, path, specifier) => {
    expect(await lint(path, importOf(specifier))).toContain('no-restricted-imports');
  });

  test('as a type, as a re-export and when dynamic, too', async () => {
    const refused = ['no-restricted-imports'];
    const path = 'src/cassette/probe.ts';
    expect(await lint(path, `export type { A } from '../tls/tls.ts';\n`)).toEqual(refused);
    expect(await lint(path, `export { a } from '../tls/tls.ts';\n`)).toEqual(refused);
    expect(await lint(path, `export const a = import('../tls/tls.ts');\n`)).toEqual(refused);
  });
});

describe('an import is granted', () => {
  test.each([
    ['of a lower room by its door', 'src/mode/probe.ts', '../cassette/cassette.ts'],
    ['of any file of an open square', 'src/wire/probe.ts', '../exchange/http.ts'],
    ['of a neighbour in the same room', 'src/tls/probe.ts', './leaf.ts'],
    ['of a door by the appliance', 'src/appliance.ts', './config/config.ts'],
    ['of the appliance by a verb', 'src/cli/probe.ts', '../appliance.ts'],
    ['of a package', 'src/tls/probe.ts', 'node-forge'],
  ])('%s', async (_way, path, specifier) => {
    expect(await lint(path, importOf(specifier))).not.toContain('no-restricted-imports');
  });
});

describe('the house style is refused its opposite', () => {
  const long = (lines: number): string => 'a += 1;\n'.repeat(lines);
  test.each([
    ['no-process-env', 'src/tls/probe.ts', `export const a = process.env['A'];\n`],
    ['no-console', 'src/mode/probe.ts', `console.log('a');\n`],
    ['no-explicit-any', 'src/mode/probe.ts', 'export const a = (b: any): void => void b;\n'],
    ['no-non-null-assertion', 'src/mode/probe.ts', 'export const a = (b?: 1): 1 => b!;\n'],
    ['no-default-export', 'src/mode/probe.ts', 'export default 1;\n'],
    ['no-floating-promises', 'src/mode/probe.ts', 'Promise.resolve(1);\n'],
    [
      'max-params',
      'src/mode/probe.ts',
      'export const a = (b: 1, c: 1, d: 1, e: 1) => b + c + d + e;\n',
    ],
    ['max-lines', 'src/mode/probe.ts', `let a = 0;\n${long(250)}`],
    [
      'max-lines-per-function',
      'src/mode/probe.ts',
      `let a = 0;\nexport function b() {\n${long(50)}}\n`,
    ],
  ])('%s', async (rule, path, source) => {
    expect(await lint(path, source)).toContain(rule);
  });

  test('an async listener on a socket', async () => {
    const source = `import { createServer } from 'node:net';
createServer().on('connection', async (socket) => { await Promise.resolve(socket); });\n`;
    expect(await lint('src/mode/probe.ts', source)).toContain('no-misused-promises');
  });
});

test('only config/ may read the environment', async () => {
  expect(await lint('src/config/probe.ts', `export const a = process.env['A'];\n`)).toEqual([]);
});
