import { readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { bundleText, settingsText, writeBundle } from '../../src/cli/doctor-bundle.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';

const env = {
  MAGNETO_MODE: 'replay',
  MAGNETO_UPSTREAM_PROXY: 'http://me:hidden@proxy.test:8080',
  MAGNETO_CONTROL_TOKEN: 'hidden',
  HTTPS_PROXY: 'http://me:hidden@proxy.test:8080',
  JAVA_TOOL_OPTIONS: '-Djavax.net.ssl.trustStorePassword=hidden -Xmx1g',
  AWS_SECRET_ACCESS_KEY: 'hidden',
  HOME: '/home/hidden',
};

test('of the variables those are told that concern magneto, secrets masked', () => {
  expect(settingsText(env).split('\n')).toEqual([
    'HTTPS_PROXY=http://[masked]@proxy.test:8080',
    'JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStorePassword=[masked] -Xmx1g',
    'MAGNETO_CONTROL_TOKEN=[masked]',
    'MAGNETO_MODE=replay',
    'MAGNETO_UPSTREAM_PROXY=[masked]',
  ]);
});

test.each([
  ['HTTP_PROXY', 'http://me:hid/den@proxy.test:1', 'http://[masked]@proxy.test:1'],
  ['HTTP_PROXY', 'http://me:hid@den@proxy.test:1', 'http://[masked]@proxy.test:1'],
  ['HTTP_PROXY', 'http://me:hid,den@proxy.test:1', 'http://[masked]@proxy.test:1'],
  ['HTTP_PROXY', 'me:hidden@proxy.test:1', '[masked]@proxy.test:1'],
  ['MAGNETO_UPSTREAM_PROXI', 'http://me:hid/den@proxy.test', 'http://[masked]@proxy.test'],
  ['GIT_CONFIG_VALUE_0', 'AUTHORIZATION: basic hidden', 'AUTHORIZATION: [masked]'],
  ['NODE_OPTIONS', '--token=hidden --title=x', '--token=[masked] --title=x'],
  ['JAVA_TOOL_OPTIONS', '-Dapi.key=hidden -Xmx1g', '-Dapi.key=[masked] -Xmx1g'],
  ['NODE_AUTH_TOKEN', 'hidden', '[masked]'],
  ['MAGNETO_CONTROL_TOKEN_FILE', '/run/secrets/token', '/run/secrets/token'],
])('%s=%s is told as %s', (name, value, told) => {
  expect(settingsText({ [name]: value })).toBe(`${name}=${told}`);
});

test('a finding that quotes a setting does not tell its secret', async () => {
  const findings = 'settings fail MAGNETO_LIVE is "http://me:hid/den@db.test"';
  const text = await bundleText({ env: {}, findings, rules: '', health: {} });
  expect(text).toContain('settings fail MAGNETO_LIVE is "http://[masked]@db.test"');
});

test('a bundle has everything that a bug report needs, and no secret', async () => {
  const health = { status: 'ready' };
  const text = await bundleText({ env, findings: 'all is well', rules: '*nat', health });
  for (const title of [
    'versions',
    'findings',
    'settings',
    'health',
    'routes',
    'rules',
    'resolv.conf',
  ]) {
    expect(text).toContain(`== ${title}\n\n`);
  }
  expect(text).toContain(`node ${process.version}`);
  expect(text).not.toContain('hidden');
});

test('it is written for its owner alone, and over no file and no link', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'bug.txt');
    await writeBundle(file, 'text');
    expect(await readFile(file, 'utf8')).toBe('text');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const link = join(folder, 'link');
    await symlink(join(folder, 'target'), link);
    for (const taken of [file, link, join(folder, 'none', 'bug.txt')]) {
      await expect(writeBundle(taken, 'x')).rejects.toMatchObject({ code: 'BUNDLE_UNWRITABLE' });
    }
  }));
