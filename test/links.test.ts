import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { brokenLinks } from '../scripts/links.ts';

test('every link of every page leads somewhere', () => {
  expect(brokenLinks(resolve('.'))).toEqual([]);
});

describe('a link', () => {
  let root = '';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'magneto-links-'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  test.each([
    ['to a page', '[a](docs/A.md)', []],
    ['to a folder', '[a](docs)', []],
    ['to a heading', '[a](docs/A.md#what-a-is-and-is-not)', []],
    ['to the second heading of that name', '[a](docs/A.md#again-1)', []],
    ['to a heading of its own', '# Here\n\n[a](#here)', []],
    ['into the world', '[a](https://example.org/a#b)', []],
    ['in code', '`[a](b.md)`\n\n```md\n[a](b.md)\n```\n', []],
    ['to no page', '[a](docs/B.md)', ['README.md: docs/B.md leads nowhere']],
    ['to no heading', '[a](docs/A.md#else)', ['README.md: docs/A.md#else leads nowhere']],
    ['to a comment in code', '[a](docs/A.md#code)', ['README.md: docs/A.md#code leads nowhere']],
    ['that is none, but a file by name', '`docs/A.md`, `docs/B.md`', ['README.md: no docs/B.md']],
  ])('%s', (_what, text, expected) => {
    write('README.md', text);
    write('docs/A.md', '# What `a` is, and is not\n\n## Again\n\n```sh\n# code\n```\n\n## Again\n');
    expect(brokenLinks(root)).toEqual(expected);
  });

  test('is read in the folders, from where its page lies', () => {
    write('deploy/kubernetes/README.md', '[a](../../docs/A.md) [b](docs/A.md)');
    write('docs/A.md', '');
    expect(brokenLinks(root)).toEqual(['deploy/kubernetes/README.md: docs/A.md leads nowhere']);
  });
});
