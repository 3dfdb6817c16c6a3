import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  brokenInvariants,
  crookedRooms,
  idleFailures,
  longFiles,
  missingTwins,
  strayFailures,
  strayRooms,
  undocumentedExports,
} from '../scripts/tidy.ts';

const house = resolve('.');

describe('the house', () => {
  test('has a twin test for each source', () => expect(missingTwins(house)).toEqual([]));
  test('has no file over its limit', () => expect(longFiles(house)).toEqual([]));
  test('has a sentence on each exported name', () => {
    expect(undocumentedExports(house)).toEqual([]);
  });
  test('names its rooms in docs/architecture.md', () => expect(strayRooms(house)).toEqual([]));
  test('names its failures in docs/failures.md', async () => {
    const { failures } = await import('../src/exchange/failure.ts');
    expect(strayFailures(house, Object.keys(failures))).toEqual([]);
    expect(idleFailures(house, Object.keys(failures))).toEqual([]);
  });
  test('has flat rooms and plain imports', () => expect(crookedRooms(house)).toEqual([]));
  test('keeps its invariants', () => expect(brokenInvariants(house)).toEqual([]));
  test('prints docs/configuration.md from its schema', async () => {
    const { configurationPage } = await import('../src/config/documentation.ts');
    expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configurationPage());
  });
});

describe('the broom finds', () => {
  let root = '';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'magneto-tidy-'));
    mkdirSync(join(root, 'src'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  test('a source without a twin, but forgives one of nothing but types', () => {
    write('src/tls/leaf.ts', 'export const leaf = 1;\n');
    write('src/tls/types.ts', 'export interface Leaf {}\nexport type Twig = 1;\n');
    expect(missingTwins(root)).toEqual(['test/tls/leaf.test.ts is missing']);
    write('test/tls/leaf.test.ts', '');
    expect(missingTwins(root)).toEqual([]);
  });

  test('a file of 251 lines', () => {
    write('src/tls/leaf.ts', '\n'.repeat(250));
    expect(longFiles(root)).toEqual([]);
    write('src/tls/leaf.ts', '\n'.repeat(251));
    expect(longFiles(root)).toEqual(['src/tls/leaf.ts has 251 lines, and 250 is the limit']);
  });

  test.each([
    ['nothing', 'export const leaf = 1;\n'],
    ['an ordinary comment', '// A leaf of the tree.\nexport const leaf = 1;\n'],
    ['a comment further up', '/** A leaf of the tree. */\n\nexport const leaf = 1;\n'],
    ['an empty comment', '/** */\nexport type Leaf = 1;\n'],
    [
      'only the first with a comment',
      '/** A leaf of the tree. */\nconst a = 1;\nexport class Leaf {}\n',
    ],
  ])('an exported name with %s above', (_what, text) => {
    write('src/tls/leaf.ts', text);
    expect(undocumentedExports(root)).toHaveLength(1);
  });

  test('no fault in documented names, overloads among them', () => {
    write(
      'src/tls/leaf.ts',
      `/** A leaf of the tree. */
export function leaf(a: 1): 1;
export function leaf(a: 2): 2;
/**
 * Where the leaves hang.
 */
// oxlint-disable-next-line max-params -- as in the standard
export async function branch() {}
`,
    );
    expect(undocumentedExports(root)).toEqual([]);
  });

  test('rooms left out, invented and named twice', () => {
    write('src/tls/leaf.ts', '');
    write('src/wire/wire.ts', '');
    mkdirSync(join(root, 'src/empty'));
    write(
      'docs/architecture.md',
      '| layer | room |\n|---|---|\n| 2 | `tls/` | `redaction/` |\n| 2 | `tls/` |\n| `mode/` | x |\n',
    );
    expect(strayRooms(root)).toEqual([
      'docs/architecture.md leaves out wire',
      'docs/architecture.md invents mode',
      'docs/architecture.md names tls twice',
    ]);
  });

  test('failures left out and invented', () => {
    write('docs/failures.md', '# Failures\n\n### ONE\n\n### `TWO`\n');
    expect(strayFailures(root, ['ONE', 'TWO'])).toEqual([]);
    expect(strayFailures(root, ['ONE', 'THREE'])).toEqual([
      'docs/failures.md leaves out THREE',
      'docs/failures.md invents TWO',
    ]);
  });

  test('failures that nothing comes to', () => {
    write('src/exchange/failures-traffic.ts', `export const a = 'ONE', b = 'TWO';\n`);
    write('src/wire/refuse.ts', `throw new Failure('ONE', 'words');\n`);
    expect(idleFailures(root, ['ONE', 'TWO'])).toEqual(['nothing fails with TWO']);
  });

  test('files beside or below the rooms, and computed imports', () => {
    write('src/main.ts', `await import('./tls/tls.ts');\n`);
    write('src/helpers.ts', '');
    write('src/tls/deep/leaf.ts', '');
    write('src/tls/tls.ts', 'await import(`../mode/mode.ts`);\n');
    expect(crookedRooms(root)).toEqual([
      'src/helpers.ts is neither a file of a room nor one that joins rooms',
      'src/tls/deep/leaf.ts is neither a file of a room nor one that joins rooms',
      'src/tls/tls.ts computes what it imports, where no rule can follow',
    ]);
  });

  test('who dials, listens or asks for the mode where it should not', () => {
    const dial = `import { connect } from 'node:net';\n`;
    for (const room of ['network', 'wire']) write(`src/${room}/dial.ts`, dial);
    for (const room of ['intake', 'mode']) write(`src/${room}/port.ts`, 'server.listen(0);\n');
    for (const file of ['mode', 'record']) write(`src/mode/${file}.ts`, `mode === 'auto';\n`);
    expect(brokenInvariants(root)).toEqual([
      'src/wire/dial.ts dials out',
      'src/mode/port.ts listens',
      'src/mode/record.ts asks for the mode',
    ]);
  });
});
