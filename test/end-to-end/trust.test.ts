import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run as magneto } from '../../src/cli/cli.ts';
import { openTrustKit } from '../../src/tls/tls.ts';
import { describeWhere } from '../skip.ts';
import { program, run } from '../tls/tools.ts';
import { clientFile, has, pythonWith } from './real-servers.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, withFolder } from './with-appliance.ts';

/** A page that an appliance has itself, over TLS, for those who come by the proxy. */
const page = 'https://magneto.local/ca.pem';

/** A program, and how it is made to fetch a page; the first line that it says is that of the page. */
type Client = (url: string) => readonly string[];

const requests = pythonWith('requests');
const clients: Readonly<Record<string, readonly [isThere: boolean, client: Client]>> = {
  curl: [has('curl'), (url) => ['curl', '-sS', url]],
  wget: [has('wget'), (url) => ['wget', '-q', '--tries=1', '-O-', url]],
  'Node fetch': [
    true,
    (url) => [process.execPath, '-e', `fetch('${url}').then((r) => r.text()).then(console.log)`],
  ],
  'Python requests': [
    requests !== undefined,
    (url) => [requests ?? '', '-c', `import requests; print(requests.get('${url}').text)`],
  ],
  'Python urllib': [
    has('python3'),
    (url) => [
      'python3',
      '-c',
      `import urllib.request; print(urllib.request.urlopen('${url}').read().decode())`,
    ],
  ],
};

/** Runs a program with the variables of a kit, as a shell reads them, and those of the proxy: no others. */
async function runTrusting(
  kit: string | undefined,
  { proxyPort, words }: { readonly proxyPort: number; readonly words: readonly string[] },
): Promise<string> {
  const proxy = `http://127.0.0.1:${proxyPort}`;
  const set = ['https_proxy', 'HTTPS_PROXY'].map((name) => `${name}=${proxy}`);
  const path = process.env['PATH'] ?? '';
  const variables = [`PATH=${path}`, 'HOME=/nonexistent', 'NODE_USE_ENV_PROXY=1', ...set];
  const script = `${kit === undefined ? '' : `. ${kit}/magneto.sh; `}exec "$@"`;
  return run('env', '-i', ...variables, 'sh', '-c', script, 'sh', ...words);
}

let running: Running;
let folder = '';
let leave: () => void = () => {};
let left: Promise<void>;
const kit = (): string => join(folder, 'trust');
const port = (): number => running.via.proxyPort;

beforeAll(async () => {
  await new Promise<void>((ready, failed) => {
    left = withFolder(async (made) => {
      folder = made;
      running = await startWith({ ...modeIn(folder, 'passthrough'), MAGNETO_TRUST_DIR: kit() });
      ready();
      await new Promise<void>((resolve) => {
        leave = resolve;
      });
      await running.appliance.stop();
    });
    left.catch(failed);
  });
});

afterAll(async () => {
  leave();
  await left;
});

test('the kit is there when the appliance is ready, and the log says so', async () => {
  const ca = await readFile(join(kit(), 'ca.pem'), 'latin1');
  expect(ca).toBe(await readFile(running.appliance.certificateFile, 'latin1'));
  const line = running.log.find(({ msg }) => msg === 'trust kit written');
  expect(line).toMatchObject({ folder: kit() });
});

describe('by the variables of the kit, and not without,', () => {
  for (const [name, [isThere, client]] of Object.entries(clients)) {
    describeWhere({ ok: isThere, reason: `${name} is missing` }, name, () => {
      test('trusts magneto', async () => {
        const words = client(page);
        const said = await runTrusting(kit(), { proxyPort: port(), words });
        expect(new X509Certificate(said).ca).toBe(true);
        await expect(runTrusting(undefined, { proxyPort: port(), words })).rejects.toThrow();
      }, 30_000);
    });
  }

  describeWhere({ ok: has('git'), reason: 'git is missing' }, 'git', () => {
    test('trusts magneto', async () => {
      const words = ['git', 'ls-remote', 'https://magneto.local/a.git'];
      const asked = runTrusting(kit(), { proxyPort: port(), words });
      await expect(asked).rejects.toThrow(/repository '.*' not found/);
      const refused = runTrusting(undefined, { proxyPort: port(), words });
      await expect(refused).rejects.toThrow(/certificate/);
    });
  });

  describeWhere({ ok: has('npm'), reason: 'npm is missing' }, 'npm', () => {
    test('trusts magneto', async () => {
      const registry = [
        '--registry=https://magneto.local/',
        '--fetch-retries=0',
        `--cache=${folder}/npm`,
      ];
      const words = ['npm', 'view', 'nothing', ...registry];
      const asked = runTrusting(kit(), { proxyPort: port(), words });
      await expect(asked).rejects.toThrow(/E404/);
      const refused = runTrusting(undefined, { proxyPort: port(), words });
      await expect(refused).rejects.toThrow(/UNABLE_TO_GET_ISSUER_CERT_LOCALLY|UNABLE_TO_VERIFY/);
    }, 60_000);
  });
});

test('the form for --env-file has what the form for shells has', async () => {
  const text = await readFile(join(kit(), 'magneto.env'), 'latin1');
  const variables = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const proxy = `https_proxy=http://127.0.0.1:${port()}`;
  const path = `PATH=${process.env['PATH'] ?? ''}`;
  expect(await run('env', '-i', path, proxy, ...variables, 'curl', '-sS', page)).toContain('BEGIN');
});

test('every file is at the control plane, byte for byte, and nothing else is', async () => {
  const base = `http://127.0.0.1:${running.controlPort}/trust`;
  for (const name of [
    'ca.pem',
    'bundle.pem',
    'cacerts',
    'truststore.p12',
    'install-ca.sh',
    'wgetrc',
  ]) {
    const answer = await fetch(`${base}/${name}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect([name, bytes.equals(await readFile(join(kit(), name)))]).toEqual([name, true]);
  }
  for (const name of ['', 'ca.key', '..%2fca.key', 'nothing']) {
    expect((await fetch(`${base}/${name}`)).status).toBe(404);
  }
});

describeWhere(program('javac', '-version'), 'Java', () => {
  let classes = '';

  beforeAll(async () => {
    classes = join(folder, 'classes');
    await run('javac', '-d', classes, clientFile('Trust.java'));
  }, 60_000);

  const java = (options: readonly string[]): readonly string[] => [
    'java',
    '-XX:TieredStopAtLevel=1',
    ...options,
    '-cp',
    classes,
    'Trust',
    String(port()),
    page,
  ];
  const trusts = /HttpURLConnection trusts\nHttpClient trusts\n/;

  test('trusts by JAVA_TOOL_OPTIONS alone, and refuses without', async () => {
    const asked = { proxyPort: port(), words: java([]) };
    expect(await runTrusting(kit(), asked)).toMatch(trusts);
    expect(await runTrusting(undefined, asked)).toMatch(
      /HttpURLConnection refuses\nHttpClient refuses\n/,
    );
  }, 60_000);

  test.each([
    ['truststore.jks', ['-Djavax.net.ssl.trustStorePassword=changeit']],
    ['truststore.p12', []],
    // As Java reads its own: without a password.
    ['cacerts', []],
  ])(
    'trusts by %s',
    async (name, more) => {
      const options = [`-Djavax.net.ssl.trustStore=${join(kit(), name)}`, ...more];
      const asked = { proxyPort: port(), words: java(options) };
      expect(await runTrusting(undefined, asked)).toMatch(trusts);
    },
    60_000,
  );

  test('whichever of two CAs it trusts, during the overlap', async () => {
    await withFolder(async (other) => {
      const variables = { ...modeIn(other, 'passthrough'), MAGNETO_TRUST_DIR: join(other, 'old') };
      const before = await startWith(variables);
      await before.appliance.stop();
      const env = { ...variables, MAGNETO_TRUST_DIR: join(other, 'both') };
      const silent = { write: () => true };
      const streams = { stdout: silent, stderr: silent, log: silent };
      expect(await magneto(['trust', 'rotate', '--overlap-days', '3'], env, streams)).toBe(0);
      const now = await startWith(env);
      const [fresh = ''] = (await readFile(join(other, 'both', 'ca.pem'), 'latin1')).split(
        /(?<=END CERTIFICATE-----\n)/,
      );
      const source = {
        authorityPem: fresh,
        upstreamCa: [],
        systemBundle: undefined,
        certDir: join(other, 'certs'),
      };
      await openTrustKit({ ...source, folder: join(other, 'new') }).write();
      try {
        for (const who of ['old', 'both', 'new']) {
          const words = [
            'java',
            '-XX:TieredStopAtLevel=1',
            '-cp',
            classes,
            'Trust',
            String(now.via.proxyPort),
            page,
          ];
          const asked = { proxyPort: now.via.proxyPort, words };
          expect([who, await runTrusting(join(other, who), asked)]).toEqual([
            who,
            expect.stringMatching(trusts),
          ]);
        }
      } finally {
        await now.appliance.stop();
      }
    });
  }, 120_000);
});

test('a name outside the constraints is refused with an alert, and the log says why', async () => {
  await withFolder(async (other) => {
    const confined = await startWith({
      ...modeIn(other, 'passthrough'),
      MAGNETO_TRUST_DIR: join(other, 'trust'),
      MAGNETO_CA_NAME_CONSTRAINTS: 'magneto.local',
    });
    try {
      const ask = (url: string): Promise<string> =>
        runTrusting(join(other, 'trust'), {
          proxyPort: confined.via.proxyPort,
          words: ['curl', '-sS', url],
        });
      expect(await ask(page)).toContain('BEGIN CERTIFICATE');
      // Straight at the port, as a connection that the kernel brings.
      const straight = ['--noproxy', '*', '--connect-to', `::127.0.0.1:${confined.via.proxyPort}`];
      const words = ['curl', '-sS', ...straight, 'https://outside.test/'];
      const refused = runTrusting(undefined, { proxyPort: confined.via.proxyPort, words });
      await expect(refused).rejects.toThrow(/unrecognized name/);
      const line = confined.log.find(({ code }) => code === 'NAME_OUTSIDE_CA');
      expect(line?.['msg']).toMatch(
        /may not speak for outside.test; add it to MAGNETO_CA_NAME_CONSTRAINTS/,
      );
    } finally {
      await confined.appliance.stop();
    }
  });
});
