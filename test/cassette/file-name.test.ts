import { hash, randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { isDigest, isFileName, partSuffix } from '../../src/cassette/file-name.ts';

test('the file of a body is called by its digest, or by a name of its own while it is written', () => {
  const digest = hash('sha256', 'x', 'hex');
  expect(isDigest(digest)).toBe(true);
  expect(isFileName(digest)).toBe(true);
  expect(isFileName(randomUUID() + partSuffix)).toBe(true);
  expect(isDigest(randomUUID() + partSuffix)).toBe(false);
});

test.each([
  '../../etc/passwd',
  '',
  'notes.txt',
  `${'a'.repeat(64)}\n`,
  'A'.repeat(64),
  `../${'a'.repeat(64)}`,
  'x.part',
])('%j is none of ours', (name) => {
  expect(isFileName(name)).toBe(false);
  expect(isDigest(name)).toBe(false);
});
