import { describe, expect, test } from '@jest/globals';
import { screen } from '../../src/cli/screen.ts';
import { loadSettings } from '../../src/config/config.ts';

const { settings } = loadSettings({ env: { MAGNETO_CASSETTE_NAME: 'login/ok' } });

function shown(own: Partial<Parameters<typeof screen>[0]>, asked = settings): string {
  const status = {
    ready: true,
    mode: 'auto',
    acts: 'replay',
    cassette: 'login/ok',
    interactions: 7,
  };
  return screen(
    {
      addresses: {
        proxy: [
          { host: '127.0.0.1', port: 8888 },
          { host: '::1', port: 8888 },
        ],
        control: [{ host: '127.0.0.1', port: 8889 }],
      },
      certificateFile: '.magneto/certs/ca.pem',
      status: () => status,
      ...own,
    },
    asked,
  );
}

describe('the screen at the start', () => {
  test('says where things are, and has two lines to copy', () => {
    const text = shown({});
    for (const words of [
      'http://127.0.0.1:8888  http://[::1]:8888',
      'auto (now: replay)',
      'cassettes/login/ok.json (7 interactions)',
      '  curl --proxy http://127.0.0.1:8888 --cacert .magneto/certs/ca.pem https://example.com/\n',
      '  curl http://127.0.0.1:8889/receipt\n',
    ]) {
      expect(text).toContain(words);
    }
    expect(text.split('\n').length).toBeLessThan(24);
  });

  test('says where names are answered, where they are', () => {
    const names = [
      { host: '127.0.0.1', port: 8853 },
      { host: '::1', port: 8853 },
    ];
    const text = shown({ addresses: { proxy: [], control: [], names } });
    expect(text).toContain('  names     127.0.0.1:8853  [::1]:8853\n');
    expect(shown({})).not.toContain('names ');
  });

  test('names the file that is really used, where it is known', () => {
    const status = {
      ready: true,
      mode: 'replay',
      acts: 'replay',
      cassette: 'x',
      interactions: 1,
      cassetteFile: 'c/x.msgpack',
    };
    expect(shown({ status: () => status })).toMatch(
      /mode {6}replay\n.*c\/x.msgpack \(1 interaction\)/,
    );
  });

  test('has a line for each cassette, with what it does and for whom', () => {
    const { settings: several } = loadSettings({
      env: { MAGNETO_CLIENTS: 'web=10.0.0.5,web=fd00::5,jobs=jobs-service' },
    });
    const status = {
      ready: true,
      mode: 'auto',
      acts: 'record',
      cassette: 'default',
      interactions: 5,
      sessions: {
        default: { acts: 'record', interactions: 0 },
        web: { acts: 'replay', interactions: 4, cassetteFile: 'c/web.msgpack' },
        jobs: { acts: 'record', interactions: 1 },
      },
    };
    expect(shown({ status: () => status }, several)).toContain(
      [
        '  cassettes cassettes/default.json (0 interactions), record: other clients',
        '            c/web.msgpack (4 interactions), replay: 10.0.0.5, fd00::5',
        '            cassettes/jobs.json (1 interaction), record: jobs-service',
        '',
      ].join('\n'),
    );
  });

  test('has addresses that one can connect to, where it listens on all', () => {
    const addresses = {
      proxy: [
        { host: '0.0.0.0', port: 1 },
        { host: '::', port: 1 },
      ],
      control: [{ host: '0.0.0.0', port: 2 }],
    };
    const text = shown({ addresses });
    expect(text).toContain('http://127.0.0.1:1  http://[::1]:1');
    expect(text).toContain('curl http://127.0.0.1:2/receipt');
  });

  test('quotes a path as a shell wants it', () => {
    expect(shown({ certificateFile: `/tmp/it's here/ca.pem` })).toContain(
      String.raw`--cacert '/tmp/it'\''s here/ca.pem' `,
    );
  });
});
