import { describe, expect, test } from '@jest/globals';
import { screen } from '../../src/cli/screen.ts';
import { loadSettings } from '../../src/config/config.ts';

const { settings } = loadSettings({ env: { MAGNETO_CASSETTE_NAME: 'login/ok' } });

function shown(own: Partial<Parameters<typeof screen>[0]>): string {
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
    settings,
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
