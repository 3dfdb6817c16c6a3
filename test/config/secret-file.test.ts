import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadSettings } from '../../src/config/config.ts';
import { readSecretFile } from '../../src/config/secret-file.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'magneto-secret-'));
  file = join(folder, 'token');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['secret\n', 'secret'],
  ['secret\r\n', 'secret'],
  ['secret', 'secret'],
  ['secret\n\n', 'secret\n'],
  [' secret ', ' secret '],
])('%j is the secret %j', (written, secret) => {
  writeFileSync(file, written);
  expect(readSecretFile('MAGNETO_CONTROL_TOKEN_FILE', file)).toBe(secret);
});

test.each([
  ['', /is empty$/],
  ['\n', /is empty$/],
  ['x'.repeat(64 * 1024 + 1), /has more than 64 KiB$/],
])('a file that holds %.5j is refused', (written, why) => {
  writeFileSync(file, written);
  expect(() => readSecretFile('MAGNETO_CONTROL_TOKEN_FILE', file)).toThrow(why);
});

test('a file that cannot be read is named, with its variable and the reason', () => {
  const absent = join(folder, 'absent');
  expect(() => readSecretFile('MAGNETO_CONTROL_TOKEN_FILE', absent)).toThrow(
    expect.objectContaining({
      code: 'OPTION_FILE_UNREADABLE',
      message: `MAGNETO_CONTROL_TOKEN_FILE: ${JSON.stringify(absent)} cannot be read (ENOENT)`,
    }),
  );
  expect(() => readSecretFile('MAGNETO_CONTROL_TOKEN_FILE', folder)).toThrow(/EISDIR/);
});

test('every secret option may lie in a file', () => {
  writeFileSync(file, 'http://me:hunter2@proxy.example:3128\n');
  const { settings } = loadSettings({ env: { MAGNETO_UPSTREAM_PROXY_FILE: file } });
  expect(settings.upstreamProxy).toMatchObject({
    host: 'proxy.example',
    credentials: 'me:hunter2',
  });
  writeFileSync(file, 'let-me-in\n');
  const token = loadSettings({ env: { MAGNETO_CONTROL_TOKEN_FILE: file } }).settings.controlToken;
  expect(token?.text).toBe('let-me-in');
});

test('a value that does not fit is told with the variable of the file, and never shown', () => {
  writeFileSync(file, 'two words\n');
  expect(() => loadSettings({ env: { MAGNETO_CONTROL_TOKEN_FILE: file } })).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(/^MAGNETO_CONTROL_TOKEN_FILE is no value(?!.*two words)/),
    }),
  );
});

test('a value and a file are one too many', () => {
  writeFileSync(file, 'a');
  const env = { MAGNETO_CONTROL_TOKEN: 'a', MAGNETO_CONTROL_TOKEN_FILE: file };
  expect(() => loadSettings({ env })).toThrow(
    expect.objectContaining({
      code: 'OPTION_GIVEN_TWICE',
      message: 'MAGNETO_CONTROL_TOKEN and MAGNETO_CONTROL_TOKEN_FILE are both set',
    }),
  );
});

test('what is no secret has no file', () => {
  expect(() => loadSettings({ env: { MAGNETO_MODE_FILE: file } })).toThrow(
    expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
  );
});
