import { describe, expect, test } from '@jest/globals';
import { aliases } from '../../src/config/aliases.ts';
import { loadSettings } from '../../src/config/config.ts';
import type { Settings } from '../../src/config/config.ts';

const settingsOf = (env: NodeJS.ProcessEnv): Settings => loadSettings({ env }).settings;

const cases: readonly [string, string, Partial<Settings>][] = [
  ['CASSETTE_NAME', 'checkout', { cassetteName: 'checkout' }],
  ['CASSETTE_DIR', '/cassettes', { cassetteDir: '/cassettes' }],
  ['TRANSPARENT_PROXY', 'true', { transparent: true }],
  ['REDIRECT_PORTS', '8080, 3000', { redirectPorts: [8080, 3000] }],
  ['MAGNETO_FORMAT', 'json.gz', { cassetteFormat: 'json.gz' }],
  ['MATGTO_MODE', 'hybrid', { mode: 'hybrid' }],
  ['MATGTO_MODE', 'replay-strict', { mode: 'replay', onMiss: 'fail' }],
  ['MATGTO_CASSETTE_DIR', '/c', { cassetteDir: '/c' }],
  ['MATGTO_PROXY_PORT', '9999', { port: 9999 }],
  ['MATGTO_LOG_LEVEL', 'warn', { logLevel: 'warn' }],
  ['MATGTO_LOG_LEVEL', 'off', { logLevel: 'silent' }],
  ['MATGTO_STRICT', 'true', { onMiss: 'fail' }],
  ['MATGTO_STRICT', 'false', { onMiss: 'passthrough' }],
  ['MATGTO_STRICT', '0', { onMiss: 'passthrough' }],
  ['MATGTO_INSECURE', 'true', { upstreamInsecureHosts: ['*'] }],
  ['MATGTO_INSECURE', 'false', { upstreamInsecureHosts: [] }],
  ['RUST_LOG', 'debug', { logLevel: 'debug' }],
  ['RUST_LOG', 'TRACE', { logLevel: 'trace' }],
  ['RUST_LOG', 'off', { logLevel: 'silent' }],
  ['RUST_LOG', 'info,hyper=warn', { logLevel: 'info' }],
  ['RUST_LOG', 'magneto=debug', { logLevel: 'info' }],
];

describe('an alias', () => {
  test.each(cases)('%s=%s', (variable, value, expected) => {
    expect(settingsOf({ [variable]: value })).toMatchObject(expected);
  });

  test('of each kind is tried above', () => {
    const tried = new Set(cases.map(([variable]) => variable));
    expect(aliases.map(({ env }) => env).filter((env) => !tried.has(env))).toEqual([]);
  });

  test('RUST_LOG with filters leaves the level to the others', () => {
    const env = { RUST_LOG: 'magneto=debug', MATGTO_LOG_LEVEL: 'error' };
    expect(loadSettings({ env })).toMatchObject({ settings: { logLevel: 'error' }, warnings: [] });
  });
});
