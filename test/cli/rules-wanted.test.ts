import { expect, test } from '@jest/globals';
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
