import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { settingFlags, wantedRules } from '../../src/cli/rules-wanted.ts';
import { loadSettings } from '../../src/config/config.ts';
import { optionNames, options } from '../../src/config/options.ts';

const settingsOf = (env: NodeJS.ProcessEnv) =>
  loadSettings({ env: { MAGNETO_CASSETTE_DIR: '/nowhere', ...env } }).settings;

test('each flag stands for a variable that there is', () => {
  const variables: readonly string[] = optionNames.map((name) => options[name].env);
  const unknown = Object.values(settingFlags).filter((variable) => !variables.includes(variable));
  expect(unknown).toEqual([]);
});

test('who we are comes from the flags alone', async () => {
  const { rules } = await wantedRules({ uid: '7' }, settingsOf({}));
  expect(rules).toMatchObject({ uid: 7, gid: 48_889 });
  const wrong = wantedRules({ gid: '4294967295' }, settingsOf({}));
  await expect(wrong).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});

test.each([
  { env: { MAGNETO_MODE: 'record' }, servers: ['127.0.0.11'], asksOn: true },
  { env: { MAGNETO_MODE: 'record' }, servers: ['192.0.2.53'], asksOn: false },
  { env: { MAGNETO_SEAL: 'true' }, servers: ['127.0.0.11'], asksOn: false },
  { env: { MAGNETO_MODE: 'replay' }, servers: ['127.0.0.11'], asksOn: false },
  {
    env: { MAGNETO_MODE: 'replay', MAGNETO_ON_MISS: 'passthrough' },
    servers: ['127.0.0.11'],
    asksOn: true,
  },
])('a resolver that asks on: $asksOn for $servers with $env', async ({ env, servers, asksOn }) => {
  const { rules } = await wantedRules({}, settingsOf(env), { servers });
  expect(rules.resolverAsksOn).toBe(asksOn);
});

test('80 and 443 are captured beside what is named', async () => {
  const { rules } = await wantedRules({}, settingsOf({ MAGNETO_REDIRECT_PORTS: '3000' }));
  expect(rules.ports).toEqual([80, 443, 3000]);
});

describe('what a gateway does not capture', () => {
  const forwards = async (env: NodeJS.ProcessEnv): Promise<boolean> =>
    (await wantedRules({}, settingsOf({ MAGNETO_GATEWAY: 'true', ...env }))).rules.forwards;

  test('is passed on but in a replay that stays offline, and where it is sealed', async () => {
    expect(await forwards({ MAGNETO_MODE: 'record' })).toBe(true);
    expect(await forwards({ MAGNETO_MODE: 'auto' })).toBe(true);
    expect(await forwards({ MAGNETO_MODE: 'auto', MAGNETO_SEAL: 'true' })).toBe(false);
    expect(await forwards({ MAGNETO_MODE: 'replay' })).toBe(false);
    expect(await forwards({ MAGNETO_MODE: 'replay', MAGNETO_UDP: 'pass' })).toBe(false);
    expect(await forwards({ MAGNETO_MODE: 'replay', MAGNETO_ON_MISS: 'record' })).toBe(true);
  });

  test('is passed on by auto until each client has a cassette', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'magneto-wanted-'));
    const env = { MAGNETO_CASSETTE_DIR: folder, MAGNETO_CLIENTS: 'web=10.0.0.5,jobs=10.0.0.6' };
    expect(await forwards(env)).toBe(true);
    writeFileSync(join(folder, 'web.json'), '{}');
    expect(await forwards(env)).toBe(true);
    writeFileSync(join(folder, 'jobs.json'), '{}');
    expect(await forwards(env)).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
