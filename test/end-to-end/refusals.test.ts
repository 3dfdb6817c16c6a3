import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { until } from '../intake/tools.ts';
import type { Condition } from '../skip.ts';
import { describeWhere } from '../skip.ts';
import { run as runTool } from '../tls/tools.ts';
import type { Via } from './client.ts';
import { clientFile, has, pythonWith } from './real-servers.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, withAppliance, withFolder } from './with-appliance.ts';

/** A program that verifies certificates, and how it is taught to trust another authority. */
interface Client {
  readonly needs: Condition;
  readonly runtime: string;
  readonly command: (url: string, via: Via) => readonly string[];
  /** As the line of the failure has it. */
  readonly trust?: (caFile: string) => Readonly<Record<string, string>>;
  readonly remedy: RegExp;
}

const python = pythonWith('requests');
const there = (name: string): Condition => ({ ok: has(name), reason: `${name} is missing` });
const fetching = 'fetch(process.argv[1]).then(({ status }) => console.log(status))';
const getting =
  "require('https').get(process.argv[1], ({ statusCode }) => console.log(statusCode).resume())";

const clients: Readonly<Record<string, Client>> = {
  curl: {
    needs: there('curl'),
    runtime: 'curl',
    command: (url) => ['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', url],
    trust: (caFile) => ({ CURL_CA_BUNDLE: caFile }),
    remedy: /CURL_CA_BUNDLE=/,
  },
  wget: {
    needs: there('wget'),
    runtime: 'GnuTLS',
    command: (url) => ['wget', '-q', '-t', '1', '-O', '-', url],
    remedy: /--ca-certificate=/,
  },
  git: {
    needs: there('git'),
    runtime: 'GnuTLS',
    command: (url) => ['git', 'ls-remote', url],
    remedy: /GIT_SSL_CAINFO=/,
  },
  'Node fetch': {
    needs: { ok: true, reason: '' },
    runtime: 'Node',
    command: (url) => [process.execPath, '-e', fetching, url],
    trust: (caFile) => ({ NODE_EXTRA_CA_CERTS: caFile }),
    remedy: /NODE_EXTRA_CA_CERTS=/,
  },
  'Node https': {
    needs: { ok: true, reason: '' },
    runtime: 'Node',
    command: (url) => [process.execPath, '-e', getting, url],
    remedy: /NODE_EXTRA_CA_CERTS=/,
  },
  'Python requests': {
    needs: { ok: python !== undefined, reason: 'python3-requests is missing' },
    runtime: 'Python',
    command: (url) => [
      python ?? '',
      '-c',
      'import requests, sys; print(requests.get(sys.argv[1]).status_code)',
      url,
    ],
    trust: (caFile) => ({ SSL_CERT_FILE: caFile, REQUESTS_CA_BUNDLE: caFile }),
    remedy: /SSL_CERT_FILE=/,
  },
  'Python urllib': {
    needs: there('python3'),
    runtime: 'Python',
    command: (url) => [
      'python3',
      '-c',
      'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).status)',
      url,
    ],
    trust: (caFile) => ({ SSL_CERT_FILE: caFile }),
    remedy: /SSL_CERT_FILE=/,
  },
  Java: {
    needs: there('java'),
    runtime: 'Java',
    command: (url, via) => [
      'java',
      '-XX:TieredStopAtLevel=1',
      '-Dhttps.proxyHost=127.0.0.1',
      `-Dhttps.proxyPort=${via.proxyPort}`,
      '-Dhttp.nonProxyHosts=',
      clientFile('Get.java'),
      url,
    ],
    remedy: /keytool /,
  },
  Go: {
    needs: there('go'),
    runtime: 'Go',
    command: (url) => ['go', 'run', clientFile('get.go'), url],
    trust: (caFile) => ({ SSL_CERT_FILE: caFile }),
    remedy: /SSL_CERT_FILE=/,
  },
};

/** Nobody is there: what a client hears once it trusts is that nothing was recorded. */
const url = 'https://origin.test/hello';

/** Runs a program with the proxy in its environment; what it printed, whatever came of it. */
function run(
  client: Client,
  via: Via,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [command = '', ...args] = client.command(url, via);
  const proxy = `http://127.0.0.1:${via.proxyPort}`;
  return new Promise((resolve) => {
    const options = {
      env: {
        PATH: `${process.env['PATH'] ?? ''}:/usr/local/go/bin`,
        HOME: homedir(),
        NODE_USE_ENV_PROXY: '1',
        HTTPS_PROXY: proxy,
        https_proxy: proxy,
        ...env,
      },
      timeout: 60_000,
    };
    execFile(command, args, options, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

function refusals({
  appliance,
}: Running): ReturnType<Running['appliance']['receipt']>['clientRefusals'] {
  return appliance.receipt().clientRefusals;
}

/** Runs a body with a magneto that replays an empty cassette. */
async function withMagneto(body: (running: Running) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await withAppliance(modeIn(folder, 'record'), async () => {});
    await withAppliance(modeIn(folder, 'replay'), body);
  });
}

for (const [name, client] of Object.entries(clients)) {
  describeWhere(client.needs, name, () => {
    test(`is named where it refuses${client.trust === undefined ? '' : ', and trusts by the line that it is told'}`, async () => {
      await withMagneto(async (running) => {
        await run(client, running.via);
        await until(() => refusals(running).length > 0);
        const before = refusals(running);
        expect(before).toMatchObject([{ host: 'origin.test:443', runtime: client.runtime }]);
        const [line] = running.log.filter(({ code }) => code === 'CLIENT_REJECTED_CERTIFICATE');
        expect(line).toMatchObject({ msg: expect.stringMatching(client.remedy) });
        if (client.trust === undefined) return;
        const said = await run(client, running.via, client.trust(running.via.caFile));
        expect(said).toMatch(/502/);
        expect(refusals(running)).toEqual(before);
      });
    });
  });
}

test('who merely opens and closes is no refusal: sockets, tunnels, probes of TLS', async () => {
  await withMagneto(async (running) => {
    const { via } = running;
    for (let count = 0; count < 20; count++) {
      const socket = connect(via.proxyPort, '127.0.0.1', () => {
        if (count % 2 === 0) socket.write('CONNECT origin.test:443 HTTP/1.1\r\n\r\n');
        setTimeout(() => (count % 4 < 2 ? socket.destroy() : socket.resetAndDestroy()), 5);
      });
      socket.on('error', () => {});
    }
    const args = ['s_client', '-connect', `127.0.0.1:${via.proxyPort}`, '-servername', 'a.test'];
    for (let count = 0; count < 3; count++) await runTool('openssl', ...args);
    await sleep(100);
    expect(refusals(running)).toEqual([]);
  });
});
