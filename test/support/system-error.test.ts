import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { errorCode, errorWords } from '../../src/support/system-error.ts';

test('the code and words of an error of the system', async () => {
  const error: unknown = await readFile('/nowhere/at/all').catch((cause: unknown) => cause);
  expect(errorCode(error)).toBe('ENOENT');
  expect(errorWords(error)).toMatch(/^ENOENT: no such file/);
});

test('what is no such error has no code', () => {
  expect([
    errorCode(new Error('x')),
    errorCode('x'),
    errorCode(null),
    errorCode({ code: 7 }),
  ]).toEqual([undefined, undefined, undefined, undefined]);
  expect([errorWords(' x '), errorWords(undefined), errorWords(new Error(' y\n'))]).toEqual([
    'x',
    'undefined',
    'y',
  ]);
});

test('of an error of OpenSSL, the reason', () => {
  const error = Object.assign(new Error('40F3:error:0A000418:…'), { reason: 'unknown ca' });
  expect(errorWords(error)).toBe('unknown ca');
});
