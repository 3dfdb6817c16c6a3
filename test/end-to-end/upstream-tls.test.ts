import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { freePort } from './child.ts';
import type { Told } from './client.ts';
import { ask } from './client.ts';
import { portOf } from './origin.ts';
import { has, untilOpen } from './real-servers.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, withAppliance, withFolder } from './with-appliance.ts';

/** An authority, a server of it at localhost, and a client of it, made by OpenSSL. */
function makeCertificates(folder: string): void {
  const script = `
    set -e; cd "$0"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Private CA' \
      -keyout ca.key -out ca.pem
    printf 'subjectAltName=DNS:localhost\\n' >server.ext
    printf 'extendedKeyUsage=clientAuth\\n' >client.ext
    for name in server client; do
      openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $name.key -out $name.csr
      openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile $name.ext -out $name.crt
    done`;
  execFileSync('sh', ['-c', script, folder], { stdio: 'ignore' });
}

/** Runs a body with certificates, the variables of a mode, and what servers of the certificates need. */
async function withCertificates(
  body: (at: {
    readonly folder: string;
    readonly variables: (mode: string) => Readonly<Record<string, string>>;
  }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    makeCertificates(folder);
    const variables = (mode: string): Readonly<Record<string, string>> => ({
      ...modeIn(folder, mode),
      MAGNETO_UPSTREAM_CA: join(folder, 'ca.pem'),
    });
    await body({ folder, variables });
  });
}

/** The failure that a client was told of: its code and detail. */
function failureOf(told: Told): string {
  const { code, detail } = JSON.parse(told.body.toString()) as { code: string; detail: string };
  return `${code} ${detail}`;
}

function ownCertificate(folder: string): string {
  return `localhost=${join(folder, 'client.crt')}:${join(folder, 'client.key')}`;
}

async function startNode(
  folder: string,
  maxVersion: 'TLSv1.2' | 'TLSv1.3',
): Promise<{ readonly port: number; readonly stop: () => void }> {
  const file = (name: string): Buffer => readFileSync(join(folder, name));
  const server = createServer(
    {
      ca: file('ca.pem'),
      cert: file('server.crt'),
      key: file('server.key'),
      requestCert: true,
      maxVersion,
    },
    (request, response) => {
      const { subject } = (
        request.socket as unknown as { getPeerCertificate: () => { subject: { CN: string } } }
      ).getPeerCertificate();
      response.end(`hello ${subject.CN}`);
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function startNginx(
  folder: string,
): Promise<{ readonly port: number; readonly child: ChildProcess }> {
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
    events { worker_connections 64; }
    http {
      access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/temp-${name};`).join(' ')}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${folder}/server.crt; ssl_certificate_key ${folder}/server.key;
        ssl_client_certificate ${folder}/ca.pem; ssl_verify_client on;
        location / { return 200 "hello $ssl_client_s_dn\\n"; }
      }
    }`,
  );
  return {
    port,
    child: await startServer('nginx', ['-e', 'stderr', '-p', folder, '-c', config], port),
  };
}

/** A server in a process of its own, when its port is open. */
async function startServer(
  command: string,
  args: readonly string[],
  port: number,
): Promise<ChildProcess> {
  const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const child = spawn(command, args, { env, stdio: 'ignore' });
  await untilOpen(port);
  return child;
}

describe('a server that asks for a client certificate', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is shown the one for its host, %s; the replay does without the files',
    async (version) => {
      await withCertificates(async ({ folder, variables }) => {
        const server = await startNode(folder, version);
        const url = `https://localhost:${server.port}/`;
        const more = { MAGNETO_UPSTREAM_CLIENT_CERTS: ownCertificate(folder) };
        await withAppliance({ ...variables('record'), ...more }, async ({ via }) => {
          expect((await ask(via, { url })).body.toString()).toBe('hello client');
        });
        server.stop();
        for (const file of ['client.crt', 'client.key', 'ca.pem']) rmSync(join(folder, file));
        await withAppliance({ ...variables('replay'), ...more }, async ({ via, log }) => {
          expect((await ask(via, { url })).body.toString()).toBe('hello client');
          const [told, ...others] = log.filter(({ msg }) => /goes on without/.test(String(msg)));
          expect(others).toEqual([]);
          expect(told).toMatchObject({
            level: 40,
            codes: ['UPSTREAM_CA_INVALID', 'UPSTREAM_CLIENT_CERT_INVALID'],
            msg: expect.stringMatching(
              /ca\.pem: it cannot be read \(ENOENT\); .*client\.crt for localhost/,
            ),
          });
        });
      });
    },
  );

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'and gets none: the failure names the option, %s',
    async (version) => {
      await withCertificates(async ({ folder, variables }) => {
        const server = await startNode(folder, version);
        const url = `https://localhost:${server.port}/`;
        await withAppliance(variables('record'), async ({ via }) => {
          expect(failureOf(await ask(via, { url }))).toMatch(
            /^UPSTREAM_CERTIFICATE .*MAGNETO_UPSTREAM_CLIENT_CERTS=localhost=cert\.pem:key\.pem/,
          );
        });
        server.stop();
      });
    },
  );

  test('stops no start but a record without its files: host and file are named', async () => {
    await withCertificates(async ({ folder, variables }) => {
      const more = { MAGNETO_UPSTREAM_CLIENT_CERTS: `api.test=${join(folder, 'none.pem')}` };
      const start = (mode: string, extra = {}): Promise<Running> =>
        startWith({ ...variables(mode), ...more, ...extra });
      for (const mode of ['record', 'auto', 'passthrough', 'hybrid']) {
        await expect(start(mode)).rejects.toMatchObject({
          code: 'UPSTREAM_CLIENT_CERT_INVALID',
          message: expect.stringMatching(/none\.pem for api\.test: it cannot be read \(ENOENT\)/),
        });
      }
      await withAppliance(variables('record'), async () => {});
      await expect(start('replay', { MAGNETO_ON_MISS: 'passthrough' })).rejects.toMatchObject({
        code: 'UPSTREAM_CLIENT_CERT_INVALID',
      });
    });
  });

  describeWhere({ ok: has('nginx'), reason: 'nginx is missing' }, 'nginx', () => {
    test('records the one that knows us', async () => {
      await withCertificates(async ({ folder, variables }) => {
        const { port, child } = await startNginx(folder);
        const url = `https://localhost:${port}/`;
        const more = { MAGNETO_UPSTREAM_CLIENT_CERTS: ownCertificate(folder) };
        try {
          await withAppliance({ ...variables('record'), ...more }, async ({ via }) => {
            expect((await ask(via, { url })).body.toString()).toBe('hello CN=client\n');
          });
        } finally {
          child.kill('SIGKILL');
        }
        await withAppliance(variables('replay'), async ({ via }) => {
          expect((await ask(via, { url })).body.toString()).toBe('hello CN=client\n');
        });
      });
    });
  });
});

describe.each(['tls1', 'tls1_1'])('a server that speaks -%s only', (flag) => {
  test('is spoken to where MAGNETO_UPSTREAM_LEGACY_TLS_HOSTS names it, and else names that', async () => {
    await withCertificates(async ({ folder, variables }) => {
      const port = await freePort();
      const keys = ['-cert', join(folder, 'server.crt'), '-key', join(folder, 'server.key')];
      const old = [`-${flag}`, '-cipher', 'DEFAULT@SECLEVEL=0', '-www'];
      const args = ['s_server', '-accept', String(port), ...keys, ...old];
      const child = await startServer('openssl', args, port);
      const url = `https://localhost:${port}/`;
      try {
        await withAppliance(variables('passthrough'), async ({ via }) => {
          expect(failureOf(await ask(via, { url }))).toMatch(
            /^UPSTREAM_CERTIFICATE .*protocol version.*MAGNETO_UPSTREAM_LEGACY_TLS_HOSTS=localhost/,
          );
        });
        const more = { MAGNETO_UPSTREAM_LEGACY_TLS_HOSTS: 'localhost' };
        await withAppliance({ ...variables('record'), ...more }, async ({ via }) => {
          const told = await ask(via, { url });
          expect(told.status).toBe(200);
          expect(told.body.toString()).toMatch(/Protocol\s*: TLSv1/);
        });
      } finally {
        child.kill('SIGKILL');
      }
      await withAppliance(variables('replay'), async ({ via }) => {
        expect((await ask(via, { url })).status).toBe(200);
      });
    });
  });
});
