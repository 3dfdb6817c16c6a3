import { describe, expect, test } from '@jest/globals';
import { quoted, readNames } from '../../src/config/names.ts';

describe('an unknown variable', () => {
  test.each([
    ['MAGNETO_MOD', 'MAGNETO_MODE'],
    ['MAGNETO_CASETTE_DIR', 'MAGNETO_CASSETTE_DIR'],
    ['MAGNETO_FORMT', 'MAGNETO_FORMAT'],
    ['MAGNETO_ONMISS', 'MAGNETO_ON_MISS'],
  ])('%s is refused, with %s as the nearest', (name, near) => {
    expect(() => readNames({ [name]: 'x' })).toThrow(
      expect.objectContaining({
        code: 'OPTION_UNKNOWN',
        message: `no such option: ${name} (nearest: ${near})`,
      }),
    );
  });

  test('is refused along with all others, in one line', () => {
    expect(() => readNames({ MAGNETO_A: '1', MAGNETO_MODE: 'auto', MAGNETO_B: '2' })).toThrow(
      /MAGNETO_A \(.*MAGNETO_B \(/,
    );
  });

  test('is no matter where it is empty, or not ours', () => {
    const env = { MAGNETO_A: '', MATGTO_A: '1', TRANSPARENT: 'true', PORTS: '1,2' };
    expect(readNames(env)).toEqual({ given: new Map(), warnings: [] });
  });
});

describe('an empty variable', () => {
  test('counts as unset, as does one of space', () => {
    expect(readNames({ MAGNETO_MODE: '', CASSETTE_NAME: '  ' }).given.size).toBe(0);
  });

  test('gives way to an alias', () => {
    const { given } = readNames({ MAGNETO_CASSETTE_NAME: '', CASSETTE_NAME: 'a' });
    expect(given.get('cassetteName')).toEqual({ variable: 'CASSETTE_NAME', text: 'a' });
  });
});

describe('a value', () => {
  test('is taken without the space around it', () => {
    expect(readNames({ MAGNETO_MODE: ' replay\n' }).given.get('mode')?.text).toBe('replay');
  });

  test('is quoted in one line, cut at 80 characters', () => {
    expect(quoted('a\n"b')).toBe(String.raw`"a\n\"b"`);
    expect(quoted('x'.repeat(81))).toBe(`"${'x'.repeat(80)}…"`);
  });
});

describe('an alias', () => {
  test('loses to the option itself, and says so', () => {
    const { given, warnings } = readNames({ MAGNETO_MODE: 'record', MATGTO_MODE: 'replay-strict' });
    expect(given.get('mode')).toEqual({ variable: 'MAGNETO_MODE', text: 'record' });
    expect(given.has('onMiss')).toBe(false);
    expect(warnings).toEqual(['MATGTO_MODE is not used, because MAGNETO_MODE is set']);
  });

  test('that says the same is no reason for a warning, nor is RUST_LOG', () => {
    const env = {
      MAGNETO_CASSETTE_DIR: 'a',
      CASSETTE_DIR: 'a',
      MAGNETO_LOG_LEVEL: 'info',
      RUST_LOG: 'debug',
    };
    expect(readNames(env).warnings).toEqual([]);
  });

  test('wins over those below it in the table', () => {
    const { given } = readNames({ CASSETTE_DIR: 'a', MATGTO_CASSETTE_DIR: 'b' });
    expect(given.get('cassetteDir')).toEqual({ variable: 'CASSETTE_DIR', text: 'a' });
  });

  test('leaves what else it says to the option', () => {
    const { given } = readNames({ MATGTO_MODE: 'replay-strict', MAGNETO_ON_MISS: 'passthrough' });
    expect(given.get('mode')?.text).toBe('replay');
    expect(given.get('onMiss')).toEqual({ variable: 'MAGNETO_ON_MISS', text: 'passthrough' });
  });
});

describe('a service link', () => {
  test.each([
    ['MAGNETO_PORT', 'tcp://10.0.0.1:8888'],
    ['MAGNETO_CONTROL_PORT', 'tcp://10.0.0.1:8889'],
    ['MAGNETO_PROXY_PORT', 'udp://10.0.0.1:53'],
    ['MAGNETO_SERVICE_HOST', '10.0.0.1'],
    ['MAGNETO_SERVICE_PORT', '8888'],
    ['MAGNETO_SERVICE_PORT_PROXY', '8888'],
    ['MAGNETO_PORT_8888_TCP', 'tcp://10.0.0.1:8888'],
    ['MAGNETO_PORT_8888_TCP_ADDR', '10.0.0.1'],
    ['MAGNETO_PORT_8888_TCP_PORT', '8888'],
    ['MAGNETO_PORT_8888_TCP_PROTO', 'tcp'],
    ['MAGNETO_NAME', '/web/magneto'],
    ['MAGNETO_ENV_NODE_VERSION', '26'],
    ['MAGNETO_1_ENV_PATH', '/bin'],
    ['MAGNETO_1_NAME', '/web/magneto_1'],
    ['MAGNETO_CONTROL_SERVICE_HOST', '10.0.0.1'],
    ['MAGNETO_CONTROL_SERVICE_PORT_HTTP', '8889'],
    ['MAGNETO_CONTROL_PORT_8889_TCP_ADDR', '10.0.0.1'],
  ])('%s=%s is ignored with one warning', (name, value) => {
    const { given, warnings } = readNames({ [name]: value });
    expect(given.size).toBe(0);
    expect(warnings).toEqual([`ignored, as service links and not options: ${name}`]);
  });

  test('does not hide an option', () => {
    const { given, warnings } = readNames({ MAGNETO_PORT: '9000', MAGNETO_CASSETTE_NAME: '/abs' });
    expect(given.get('port')?.text).toBe('9000');
    expect(given.get('cassetteName')?.text).toBe('/abs');
    expect(warnings).toEqual([]);
  });

  test('and others share one warning', () => {
    const env = {
      MAGNETO_SERVICE_PORT: '1',
      MAGNETO_PORT: 'tcp://1.2.3.4:5',
      MAGNETO_MODE: 'auto',
    };
    expect(readNames(env).warnings).toEqual([
      'ignored, as service links and not options: MAGNETO_PORT, MAGNETO_SERVICE_PORT',
    ]);
  });
});
