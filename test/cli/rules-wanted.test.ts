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

test('80 and 443 are captured beside what is named', async () => {
  const { rules } = await wantedRules({}, settingsOf({ MAGNETO_REDIRECT_PORTS: '3000' }));
  expect(rules.ports).toEqual([80, 443, 3000]);
});
