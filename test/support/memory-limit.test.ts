import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { MemoryUse } from '../../src/support/memory-limit.ts';
import { memoryUse } from '../../src/support/memory-limit.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'magneto-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function use(files: Readonly<Record<string, string>>, own: string): MemoryUse | undefined {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }
  writeFileSync(join(folder, 'own'), own);
  return memoryUse({ groups: folder, own: join(folder, 'own') });
}

test('version 2: what the kernel gives back by itself does not count', () => {
  const stat = 'anon 10\ninactive_file 30\nactive_file 5';
  const files = { 'memory.max': '1000', 'memory.current': '100', 'memory.stat': stat };
  expect(use(files, '0::/')).toEqual({ limit: 1000, used: 70 });
});

test('version 1, in a group of its own', () => {
  const files = {
    'memory/a/b/memory.limit_in_bytes': '500',
    'memory/a/b/memory.usage_in_bytes': '400',
    'memory/a/b/memory.stat': 'total_inactive_file 100',
  };
  expect(use(files, '5:cpu,memory:/a/b\n0::/')).toEqual({ limit: 500, used: 300 });
});

test('a group that the container sees as the root, whatever the machine calls it', () => {
  const files = { 'memory.max': '1000', 'memory.current': '100' };
  expect(use(files, '0::/docker/0123')).toEqual({ limit: 1000, used: 100 });
});

test('no limit is no limit', () => {
  expect(use({ 'memory.max': 'max', 'memory.current': '1' }, '0::/')).toBeUndefined();
  const none = { 'memory/memory.limit_in_bytes': '9223372036854771712' };
  expect(use({ ...none, 'memory/memory.usage_in_bytes': '1' }, '')).toBeUndefined();
  expect(memoryUse({ groups: join(folder, 'nowhere'), own: folder })).toBeUndefined();
});
