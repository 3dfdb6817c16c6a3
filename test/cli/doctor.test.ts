import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { doctor } from '../../src/cli/doctor.ts';
import { startMagneto } from '../end-to-end/child.ts';
import { modeIn, withFolder } from '../end-to-end/with-appliance.ts';
import { keeper } from './edge.ts';

// Beside captured applications it is in test/netns/doctor.test.ts. Here a proxy is named, so that
// nothing of the machine's own network is touched.

async function ran(words: readonly string[], env: NodeJS.ProcessEnv) {
  const [stdout, stderr] = [keeper(), keeper()];
  const status = await doctor({ env, words, streams: { stdout, stderr } });
  return { status, out: stdout.text() };
}

interface Found {
  readonly status: number;
  readonly rows: readonly { readonly layer: string; readonly status: string }[];
}

test(
  'where a proxy is named, and answers',
  () =>
    withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'passthrough'));
      const env = {
        HTTPS_PROXY: `http://127.0.0.1:${magneto.via.proxyPort}`,
        MAGNETO_CONTROL_PORT: String(magneto.controlPort),
        MAGNETO_CONTROL_TOKEN: undefined,
        MAGNETO_CASSETTE_DIR: folder,
      };
      const { out } = await ran(['--json'], env);
      const { status, rows } = JSON.parse(out) as Found;
      const of = (layer: string) => rows.find((row) => row.layer === layer)?.status;
      expect(status).toBe(0);
      expect(of('control plane')).toBe('ok');
      expect(of('capture')).toBe('ok');
      expect(of('volume')).toBe('ok');
      expect(of('clock')).toBe('ok');
      expect(of('trust: node')).toBe('warn');

      const file = join(folder, 'bug.txt');
      const bundled = await ran(['--bundle', file], env);
      expect(bundled.out).toMatch(/magneto doctor[\s\S]*written to .*bug\.txt/);
      expect(await readFile(file, 'utf8')).toContain('== findings');
      expect((await ran(['--bundle', '-'], env)).out).toContain('== rules');
      await magneto.stop();
    }),
  60_000,
);

test('where nobody answers it says so, and what it could not look at', async () => {
  const env = { http_proxy: 'http://127.0.0.1:9', MAGNETO_CONTROL_PORT: '9' };
  const { status, out } = await ran([], env);
  expect(status).toBe(1);
  expect(out).toMatch(/fail +control plane +nobody answers at 127\.0\.0\.1 port 9/);
  expect(out).toMatch(/unknown +trust +nobody answers/);
});

test('settings that are wrong are a finding, not the end', async () => {
  const env = { http_proxy: 'http://127.0.0.1:9', MAGNETO_MODE: 'nonsense' };
  const { status, out } = await ran([], env);
  expect(status).toBe(1);
  expect(out).toMatch(/fail +settings +OPTION_INVALID: MAGNETO_MODE/);
  expect(out).toMatch(/clock/);
});

test.each([['now'], ['--bundel', 'x'], ['--bundle']])(
  'doctor %s is not known',
  async (...words) => {
    await expect(ran(words, {})).rejects.toMatchObject({ code: 'COMMAND_UNKNOWN' });
  },
);
