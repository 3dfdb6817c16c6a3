import { describe, expect, test } from '@jest/globals';
import { environmentFiles } from '../../src/tls/trust-environment.ts';
import { run } from './tools.ts';

const files = environmentFiles('/trust');

/** The variables that a shell has after some lines, begun with these and no others. */
async function afterShell(
  lines: string,
  begun: Readonly<Record<string, string>> = {},
): Promise<ReadonlyMap<string, string>> {
  const given = Object.entries(begun).map(([name, value]) => `${name}=${value}`);
  const script = `set -eu\n${lines}\nenv -0`;
  const said = await run('env', '-i', ...given, 'PATH=/usr/bin:/bin', 'sh', '-c', script);
  const pairs = said.split('\0').filter((line) => line.includes('='));
  return new Map(
    pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

const variables = new Map(
  (files['github.env'] ?? '')
    .trim()
    .split('\n')
    .map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
);

describe('the variables', () => {
  test('that add to what is trusted name the CA alone, those that replace it the bundle', () => {
    for (const name of ['NODE_EXTRA_CA_CERTS', 'DENO_CERT']) {
      expect(variables.get(name)).toBe('/trust/ca.pem');
    }
    const replacing = [...variables].filter(([, value]) => value === '/trust/bundle.pem');
    expect(replacing.map(([name]) => name)).toEqual([
      'SSL_CERT_FILE',
      'CURL_CA_BUNDLE',
      'REQUESTS_CA_BUNDLE',
      'PIP_CERT',
      'npm_config_cafile',
      'GIT_SSL_CAINFO',
      'AWS_CA_BUNDLE',
      'CARGO_HTTP_CAINFO',
      'PERL_LWP_SSL_CA_FILE',
      'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
    ]);
  });

  test('are the same in every form', async () => {
    const envFile = (files['magneto.env'] ?? '').replace(/^#.*\n/, '');
    expect(envFile).toBe(files['github.env']);
    const shell = await afterShell(files['magneto.sh'] ?? '');
    for (const [name, value] of variables) expect([name, shell.get(name)]).toEqual([name, value]);
  });
});

describe('the form for shells', () => {
  test('keeps what Java and PHP had, and read twice says it once', async () => {
    const before = { JAVA_TOOL_OPTIONS: '-Xmx64m -Dmark=x', PHP_INI_SCAN_DIR: '/etc/php' };
    const script = files['magneto.sh'] ?? '';
    const once = await afterShell(script, before);
    expect(once.get('JAVA_TOOL_OPTIONS')).toBe(
      '-Xmx64m -Dmark=x -Djavax.net.ssl.trustStore=/trust/truststore.p12 ' +
        '-Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStoreType=PKCS12',
    );
    expect(once.get('PHP_INI_SCAN_DIR')).toBe('/etc/php:/trust');
    const twice = await afterShell(`${script}${script}`, before);
    expect([...twice].filter(([name]) => name !== '_')).toEqual(
      [...once].filter(([name]) => name !== '_'),
    );
  });

  test('takes the kit of another folder for another one', async () => {
    const other = environmentFiles('/trust/two')['magneto.sh'] ?? '';
    const both = await afterShell(`${files['magneto.sh'] ?? ''}${other}`);
    expect(both.get('JAVA_TOOL_OPTIONS')?.match(/trustStore=/g)).toHaveLength(2);
    expect(both.get('PHP_INI_SCAN_DIR')).toBe(':/trust:/trust/two');
  });
});

test('programs that read no variable for it have a file that names the bundle', () => {
  for (const name of ['wgetrc', 'apt.conf', 'magneto.ini']) {
    expect(files[name]).toContain('/trust/bundle.pem');
  }
});
