import { describe, expect, test } from '@jest/globals';
import { inspect } from 'node:util';
import { environment, loadSettings } from '../../src/config/config.ts';
import type { Settings } from '../../src/config/config.ts';
import { Failure, failureLine } from '../../src/exchange/failure.ts';

const settingsOf = (env: NodeJS.ProcessEnv): Settings => loadSettings({ env }).settings;

function failureOf(env: NodeJS.ProcessEnv): Failure {
  try {
    loadSettings({ env });
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

describe('a seal', () => {
  test.each([
    [{ MAGNETO_LIVE: 'db.test:5432' }, 'MAGNETO_LIVE'],
    [{ MAGNETO_MODE: 'record' }, 'MAGNETO_MODE=record'],
    [{ MAGNETO_MODE: 'passthrough' }, 'MAGNETO_MODE=passthrough'],
    [{ MAGNETO_MODE: 'hybrid' }, 'MAGNETO_MODE=hybrid'],
    [{ MAGNETO_ON_MISS: 'passthrough' }, 'MAGNETO_ON_MISS=passthrough'],
    [{ MAGNETO_MODE: 'replay', MAGNETO_ON_MISS: 'record' }, 'MAGNETO_ON_MISS=record'],
  ])('is refused with %j', (env, named) => {
    const load = () => loadSettings({ env: { MAGNETO_SEAL: 'true', ...env } });
    expect(load).toThrow(expect.objectContaining({ code: 'SEAL_CONTRADICTED' }));
    expect(load).toThrow(named);
  });

  test('is one in a replay that fails what it misses', () => {
    expect(settingsOf({ MAGNETO_SEAL: 'true', MAGNETO_MODE: 'replay' }).seal).toBe(true);
    expect(settingsOf({ MAGNETO_SEAL: 'true' }).seal).toBe(true);
  });
});

describe('settings', () => {
  test('have a default for everything', () => {
    expect(loadSettings({ env: {} })).toEqual({
      warnings: [],
      settings: {
        selfTest: false,
        mode: 'auto',
        raw: 'passthrough',
        cassetteName: 'default',
        cassetteDir: './cassettes',
        cassetteFormat: 'json',
        hosts: ['127.0.0.1', '::1'],
        port: 8888,
        controlHosts: ['127.0.0.1', '::1'],
        controlPort: 8889,
        controlToken: undefined,
        controlHostnames: [],
        allowClients: [
          '127.0.0.0/8',
          '::1/128',
          '10.0.0.0/8',
          '172.16.0.0/12',
          '192.168.0.0/16',
          '169.254.0.0/16',
          'fc00::/7',
          'fe80::/10',
        ],
        clients: [],
        connectionsMax: 'auto',
        transparent: false,
        redirectPorts: [],
        redirectExcludePorts: [],
        redirectCidrs: [],
        redirectExcludeCidrs: [],
        redirectUids: [],
        redirectExcludeUids: [],
        gateway: false,
        udp: 'auto',
        seal: false,
        fail: 'closed',
        iptables: 'auto',
        opaquePorts: [21, 22, 25, 110, 143, 587, 3306, 4222, 6379, 11_211],
        dnsPort: 8853,
        live: [],
        counters: undefined,
        dnsMiss: 'nxdomain',
        cassetteWait: false,
        onMiss: 'fail',
        missStatus: 502,
        http2: true,
        websocketReplay: 'synchronized',
        websocketIgnore: [],
        websocketOptional: [],
        websocketSessionKey: [
          { by: 'header', name: 'authorization' },
          { by: 'header', name: 'x-api-key' },
          { by: 'protocol' },
          { by: 'cookie' },
          { by: 'message' },
        ],
        latency: { type: 'none' },
        certDir: '.magneto/certs',
        tlsPassthrough: [],
        tlsPassthroughAfter: 0,
        upstreamCa: [],
        upstreamClientCerts: [],
        upstreamLegacyTlsHosts: [],
        upstreamInsecureHosts: [],
        upstreamProxy: undefined,
        upstreamNoProxy: [],
        fsync: 'interval',
        resume: false,
        logLevel: 'info',
        faults: [],
        grpcProtos: [],
        grpcReflection: false,
        grpcIgnore: [],
        faultSeed: '',
        bodyFileBytes: 1024 * 1024,
        bodyBytesMax: 4 * 1024 ** 3,
        streamMsMax: 3_600_000,
        ci: false,
      },
    });
  });

  test('take every option from its variable', () => {
    const settings = settingsOf({
      MAGNETO_MODE: 'replay',
      MAGNETO_CASSETTE_NAME: 'login/ok',
      MAGNETO_CASSETTE_DIR: '/var/cassettes',
      MAGNETO_CASSETTE_FORMAT: 'msgpack.gz',
      MAGNETO_HOST: '0.0.0.0,[::]',
      MAGNETO_PORT: '1',
      MAGNETO_CONTROL_HOST: 'localhost',
      MAGNETO_CONTROL_PORT: '0',
      MAGNETO_CONTROL_TOKEN: 'let-me-in',
      MAGNETO_CONTROL_HOSTNAMES: 'ci.example.org',
      MAGNETO_ALLOW_CLIENTS: '203.0.113.0/24',
      MAGNETO_TRANSPARENT: '1',
      MAGNETO_REDIRECT_PORTS: '8080,3000',
      MAGNETO_DNS_PORT: '53',
      MAGNETO_LIVE: 'db.test:5432,10.0.0.0/8',
      MAGNETO_COUNTERS: '8,9',
      MAGNETO_CASSETTE_WAIT: 'true',
      MAGNETO_ON_MISS: 'record',
      MAGNETO_MISS_STATUS: '418',
      MAGNETO_LATENCY: 'fixed:250',
      MAGNETO_CERT_DIR: '/certs',
      MAGNETO_UPSTREAM_INSECURE_HOSTS: 'a.example, *.b.example',
      MAGNETO_UPSTREAM_PROXY: 'http://proxy.example:3128',
      MAGNETO_UPSTREAM_NO_PROXY: '.local,10.0.0.0/8',
      MAGNETO_FSYNC: 'always',
      MAGNETO_LOG_LEVEL: 'debug',
      MAGNETO_BODY_BYTES_MAX: '1024',
      MAGNETO_STREAM_MS_MAX: '90000',
    });
    expect(settings).toMatchObject({
      mode: 'replay',
      cassetteName: 'login/ok',
      cassetteDir: '/var/cassettes',
      cassetteFormat: 'msgpack.gz',
      hosts: ['0.0.0.0', '::'],
      port: 1,
      controlHosts: ['localhost'],
      controlPort: 0,
      controlToken: { text: 'let-me-in' },
      controlHostnames: ['ci.example.org'],
      allowClients: ['127.0.0.0/8', '::1/128', '203.0.113.0/24'],
      transparent: true,
      redirectPorts: [8080, 3000],
      dnsPort: 53,
      live: ['db.test:5432', '10.0.0.0/8'],
      counters: [8, 9],
      cassetteWait: true,
      onMiss: 'record',
      missStatus: 418,
      latency: { type: 'fixed', ms: 250 },
      certDir: '/certs',
      upstreamInsecureHosts: ['a.example', '*.b.example'],
      upstreamProxy: { secure: false, host: 'proxy.example', port: 3128 },
      upstreamNoProxy: ['*.local', '10.0.0.0/8'],
      fsync: 'always',
      logLevel: 'debug',
      bodyBytesMax: 1024,
      streamMsMax: 90_000,
    });
  });

  test('are frozen, lists and all', () => {
    const settings = settingsOf({ MAGNETO_LATENCY: 'recorded' });
    expect(Object.isFrozen(settings)).toBe(true);
    for (const value of Object.values(settings)) expect(Object.isFrozen(value)).toBe(true);
  });

  test.each([
    ['true', true],
    ['1', true],
    ['TRUE', true],
    ['false', false],
    ['0', false],
    ['', false],
    [undefined, false],
  ])('know of continuous integration: CI=%s is %s', (CI, ci) => {
    expect(settingsOf({ CI }).ci).toBe(ci);
  });

  test('never show the token of the control plane', () => {
    const settings = settingsOf({ MAGNETO_CONTROL_TOKEN: 'hunter2' });
    expect(settings.controlToken?.text).toBe('hunter2');
    for (const print of [JSON.stringify(settings), inspect(settings, { depth: null })]) {
      expect(print).not.toContain('hunter2');
      expect(print).toContain('[FILTERED]');
    }
  });

  test('never show the credentials of the proxy', () => {
    const settings = settingsOf({ MAGNETO_UPSTREAM_PROXY: 'http://me:hunter2@proxy:3128' });
    expect(settings.upstreamProxy?.credentials).toBe('me:hunter2');
    expect({ ...settings.upstreamProxy }).toMatchObject({ credentials: 'me:hunter2' });
    for (const print of [JSON.stringify(settings), inspect(settings, { depth: null })]) {
      expect(print).not.toContain('hunter2');
      expect(print).toContain('[FILTERED]');
    }
  });

  test('of this process come from its environment', () => {
    expect(environment()['PATH']).toBe(process.env['PATH']);
  });
});

describe('a bad value', () => {
  test.each([
    ['MAGNETO_MODE', 'replya', 'replay'],
    ['MAGNETO_MODE', 'Replay', 'replay'],
    ['MAGNETO_CASSETTE_FORMAT', 'yaml', 'json'],
    ['MAGNETO_ON_MISS', 'pass', 'passthrough'],
    ['MAGNETO_FSYNC', 'allways', 'always'],
    ['MAGNETO_LOG_LEVEL', 'warning', 'warn'],
    ['MAGNETO_LATENCY', 'record', 'recorded'],
    ['MATGTO_MODE', 'replay-stric', 'replay'],
    ['MAGNETO_PORT', '88888', '0 to 65535'],
    ['MAGNETO_PORT', '88x', '0 to 65535'],
    ['MATGTO_PROXY_PORT', '-1', '0 to 65535'],
    ['MAGNETO_MISS_STATUS', '200', '400 to 599'],
    ['MAGNETO_BODY_BYTES_MAX', '1e9', 'bytes'],
    ['MAGNETO_HOST', '1.2.3.4.5/x', 'addresses'],
    ['MAGNETO_ALLOW_CLIENTS', '10.0.0.0/33', 'CIDR'],
    ['MAGNETO_UPSTREAM_CLIENT_CERTS', 'a.test:cert.pem', 'host=cert.pem:key.pem'],
    ['MATGTO_STRICT', 'perhaps', 'true | false'],
    ['MATGTO_INSECURE', 'perhaps', 'true | false'],
    ['MATGTO_LOG_LEVEL', 'loud', 'debug'],
  ])('of %s, "%s", is one line that names them and %s', (variable, value, said) => {
    const failure = failureOf({ [variable]: value });
    expect(failure.code).toBe('OPTION_INVALID');
    const line = failureLine(failure);
    expect(line).toContain(`${variable} is "${value}"`);
    expect(line).toContain(said);
    expect(line).not.toContain('\n');
  });

  test('of a cassette name has a code of its own', () => {
    for (const name of ['../other', '/etc/passwd', 'a/../../b', String.raw`C:\x`]) {
      const failure = failureOf({ CASSETTE_NAME: name });
      expect(failure.code).toBe('CASSETTE_NAME_INVALID');
      expect(failure.message).toContain(`CASSETTE_NAME is ${JSON.stringify(name)}`);
    }
  });

  test('is an error in a mode, too, where the option has no effect', () => {
    const failure = failureOf({ MAGNETO_MODE: 'passthrough', MAGNETO_LATENCY: 'slow' });
    expect(failure.message).toContain('MAGNETO_LATENCY is "slow"');
  });

  test('of several lines, or very long, is shown in one, shortened', () => {
    const { message } = failureOf({ MAGNETO_MODE: `a\nb${'c'.repeat(500)}` });
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(250);
  });

  test.each([
    'ftp://me:hunter2@proxy:1',
    'me:hunter2@proxy:3128',
    'http://me:hunter2@proxy:99999',
    'http://me:hunter2@proxy:0',
    'http://me:hunter2@proxy/path',
  ])('that is secret is not shown', (value) => {
    const failure = failureOf({ MAGNETO_UPSTREAM_PROXY: value });
    expect(failure.message).toContain('MAGNETO_UPSTREAM_PROXY');
    const print = inspect(failure, { depth: null }) + inspect(failure.cause, { depth: null });
    expect(print).not.toContain('hunter2');
  });
});

describe('on-miss', () => {
  test.each(['record', 'passthrough', 'hybrid'])('has no effect in mode %s: one line', (mode) => {
    const { warnings } = loadSettings({ env: { MAGNETO_MODE: mode, MAGNETO_ON_MISS: 'fail' } });
    expect(warnings).toEqual([
      expect.stringContaining(`MAGNETO_ON_MISS has no effect in mode ${mode}`),
    ]);
  });

  test.each(['auto', 'replay'])('has an effect in mode %s: no line', (mode) => {
    const env = { MAGNETO_MODE: mode, MAGNETO_ON_MISS: 'passthrough' };
    expect(loadSettings({ env }).warnings).toEqual([]);
  });

  test('by default is no reason for a line', () => {
    expect(loadSettings({ env: { MAGNETO_MODE: 'record' } }).warnings).toEqual([]);
  });
});
