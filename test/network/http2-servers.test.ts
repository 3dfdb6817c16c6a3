import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { expect, test } from '@jest/globals';
import { has } from '../end-to-end/real-servers.ts';
import { describeWhere } from '../skip.ts';
import { http2Server, readAll } from './http2-world.ts';
import { asking, bytesOf, makeCertificates, sleep, withNetwork, withServer } from './world.ts';

const { ca, cert, key } = makeCertificates();
const second = { httpVersion: '2.0', headers: [] } as const;

test('HTTP/2 goes through the tunnel of an upstream proxy, with TLS and without', async () => {
  const asked: string[] = [];
  const secure = createSecureServer({ cert, key }, (_request, response) => response.end('secure'));
  const open = http2Server((stream) => {
    stream.respond();
    stream.end('open');
  });
  await withServer(secure, async ({ port: securePort }) => {
    await withServer(open, async ({ port: openPort }) => {
      const proxy = createHttpServer().on('connect', (request, socket) => {
        asked.push(String(request.url));
        const port = request.url === 'a.test:443' ? securePort : openPort;
        const onward = connect({ port, host: '127.0.0.1' });
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
        for (const one of [socket, onward]) one.on('error', () => {});
      });
      await withServer(proxy, async ({ port }) => {
        const upstreamProxy = { host: '127.0.0.1', port, secure: false, noProxy: [] };
        await withNetwork({ upstreamProxy, upstreamCa: [ca] }, async (network) => {
          for (const [portWanted, isSecure] of [
            [443, true],
            [80, false],
          ] as const) {
            const destination = { host: 'a.test', port: portWanted, secure: isSecure };
            const texts = [1, 2].map(async () => {
              const answer = await network.open(asking(destination, second).exchange);
              return (await readAll(answer)).text;
            });
            const word = isSecure ? 'secure' : 'open';
            expect(await Promise.all(texts)).toEqual([word, word]);
          }
          expect(asked).toEqual(['a.test:443', 'a.test:80']);
        });
      });
    });
  });
});

test('HTTP/2 shows the certificate that its server asks for, and believes none that it should not', async () => {
  const server = createSecureServer({ cert, key, ca, requestCert: true }, (request, response) => {
    response.end(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
  });
  await withServer(server, async ({ port }) => {
    const destination = { host: 'a.test', port, secure: true, address: '127.0.0.1' };
    const clientCertificates = [{ host: 'a.test', certificate: cert, key }];
    await withNetwork({ upstreamCa: [ca], clientCertificates }, async (network) => {
      const answer = await network.open(asking(destination, second).exchange);
      expect((await readAll(answer)).text).toBe('leaf');
    });
    await withNetwork({ clientCertificates }, async (network) => {
      const { ending } = await network.open(asking(destination, second).exchange);
      expect(ending).toMatchObject({ type: 'tls' });
    });
    await withNetwork({ clientCertificates, insecureHosts: ['a.test'] }, async (network) => {
      const answer = await network.open(asking(destination, second).exchange);
      expect((await readAll(answer)).text).toBe('leaf');
    });
  });
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

describeWhere({ ok: has('nginx'), reason: 'nginx is not installed' }, 'nginx', () => {
  test('is spoken to in HTTP/2: many at once, large ones, and its errors', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'magneto-nginx-'));
    const port = await freePort();
    await writeFile(join(folder, 'cert.pem'), cert);
    await writeFile(join(folder, 'key.pem'), key);
    await writeFile(join(folder, 'big'), Buffer.alloc(5_000_000, 'x'));
    await writeFile(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 512; }
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
server { listen 127.0.0.1:${port} ssl http2; root ${folder};
ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
http2_max_concurrent_streams 16; location /closing { return 444; } } }`,
    );
    const nginx = spawn('nginx', ['-e', `${folder}/error.log`, '-c', join(folder, 'nginx.conf')]);
    const gone = new Promise((resolve) => {
      nginx.once('close', resolve);
    });
    try {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = { host: 'a.test', port, secure: true, address: '127.0.0.1' };
        const ask = (path: string) =>
          network.open(asking(destination, { ...second, path }).exchange);
        let ready = false;
        for (let tries = 0; tries < 200 && !ready; tries += 1) {
          ready = (await ask('/none')).head !== undefined;
          if (!ready) await sleep(25);
        }
        const offer = await network.offer(destination, { alpn: ['h2', 'http/1.1'] });
        expect(offer).toMatchObject({ type: 'terms', alpn: 'h2' });
        const all = await Promise.all(
          Array.from({ length: 50 }, async () => (await bytesOf((await ask('/big')).body))?.length),
        );
        expect(new Set(all)).toEqual(new Set([5_000_000]));
        expect((await ask('/none')).head).toMatchObject({ status: 404, httpVersion: '2.0' });
        const closed = await readAll(await ask('/closing'));
        expect(['reset', 'cut']).toContain(closed.ending.type);
      });
    } finally {
      nginx.kill();
      await gone;
      await rm(folder, { recursive: true });
    }
  });
});
