import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { trust } from '../../src/cli/trust.ts';

let folder = '';
let said = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'magneto-trust-'));
  said = '';
});

afterEach(() => rm(folder, { recursive: true }));

function asked(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const stdout = { write: (text: string) => void (said += text) };
  const certDir = { MAGNETO_CERT_DIR: join(folder, 'certs') };
  return trust({ env: { ...certDir, ...env }, streams: { stdout, stderr: stdout }, words });
}

describe('trust write', () => {
  test('writes to the folder that is named, and says what', async () => {
    const kit = join(folder, 'kit');
    expect(await asked(['write', kit], { MAGNETO_TRUST_DIR: '/nowhere' })).toBe(0);
    expect(said).toMatch(new RegExp(`^trust kit in ${kit}: ca\\.pem, bundle\\.pem, .*cacerts\n$`));
    const variables = await readFile(join(kit, 'magneto.env'), 'latin1');
    expect(variables).toContain(`\nNODE_EXTRA_CA_CERTS=${kit}/ca.pem\n`);
    said = '';
    await asked(['write'], { MAGNETO_TRUST_DIR: kit });
    expect(said).toBe(`trust kit in ${kit}: nothing has changed\n`);
  });

  test('needs a folder, and one that files can name', async () => {
    await expect(asked(['write'])).rejects.toThrow(/name a folder, or set MAGNETO_TRUST_DIR/);
    const spaced = asked(['write', join(folder, 'my kit')]);
    await expect(spaced).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('trust rotate', () => {
  test('makes a new CA, says until when the old one counts, and writes the kit', async () => {
    const env = { MAGNETO_TRUST_DIR: join(folder, 'kit') };
    await asked(['write'], env);
    said = '';
    expect(await asked(['rotate'], env)).toBe(0);
    const [made, old, next, kit] = said.split('\n');
    expect(made).toMatch(/^a new CA in .*certs: (?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    const until = Date.parse(/served until (\S+)$/.exec(old ?? '')?.[1] ?? '');
    expect(Math.abs(until - Date.now() - 30 * 86_400_000)).toBeLessThan(60_000);
    expect(next).toBe('a magneto that runs takes it at its next start');
    expect(kit).toMatch(/^trust kit in .*: ca\.pem, bundle\.pem, install-ca\.sh, truststore\.p12/);
  });

  test('without overlap says that the old one counts no more; without a folder there is no kit', async () => {
    await asked(['write', join(folder, 'kit')]);
    said = '';
    await asked(['rotate', '--overlap-days', '0']);
    expect(said).toContain('have to be given the new one now');
    expect(said).not.toContain('trust kit');
  });

  test.each(['', '-1', '1.5', '3651', 'ten'])('takes no overlap of "%s" days', async (days) => {
    const rotated = asked(['rotate', `--overlap-days=${days}`]);
    await expect(rotated).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});

test.each([
  [[]],
  [['wright']],
  [['write', 'a', 'b']],
  [['rotate', 'a']],
  [['write', '--overlap-days', '3']],
  [['rotate', '--force']],
])('%j is no command', async (words) => {
  await expect(asked(words)).rejects.toMatchObject({ code: 'COMMAND_UNKNOWN' });
  expect(await readdir(folder)).toEqual([]);
});
