import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './child.ts';

/** nginx and a Python server, each over HTTP and HTTPS, as other people run them. */
export interface RealServers {
  readonly nginx: Addresses;
  readonly python: Addresses;
  /** The private authority of both, for MAGNETO_UPSTREAM_CA. */
  readonly caFile: string;
  /** Everything that they listen on. */
  readonly ports: readonly number[];
  readonly stop: () => Promise<void>;
}

export interface Addresses {
  readonly http: string;
  readonly https: string;
  /** Where a WebSocket server of Python's stands, or stands behind it. */
  readonly ws: string;
  readonly wss: string;
}

const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** A Python that has these modules; nothing where there is none. */
export function pythonWith(...modules: readonly string[]): string | undefined {
  const test = `import ${['sys', ...modules].join(', ')}`;
  return ['python3', '/usr/bin/python3'].find(
    (python) => spawnSync(python, ['-c', test], { stdio: 'ignore' }).status === 0,
  );
}

/** Whether a command is there. */
export function has(command: string): boolean {
  const found = spawnSync('sh', ['-c', 'command -v "$0"', command], {
    env: { PATH: searchPath },
    stdio: 'ignore',
  });
  return found.status === 0;
}

/** Starts both servers below a folder. */
export async function startRealServers(folder: string): Promise<RealServers> {
  const { caFile, pemFile: pem } = makeCertificate(folder);
  const http = await freePort();
  const https = await freePort();
  const pythonHttp = await freePort();
  const pythonHttps = await freePort();
  const ws = await freePort();
  const wss = await freePort();
  const config = nginxConfig(folder, { http, https, ws });
  const talker = pythonWith('websockets');
  const processes = [
    start('nginx', ['-e', 'stderr', '-p', folder, '-c', config]),
    start(pythonWith() ?? 'python3', [
      clientFile('server.py'),
      String(pythonHttp),
      String(pythonHttps),
      pem,
    ]),
    ...(talker === undefined
      ? []
      : [start(talker, [clientFile('websockets_server.py'), String(ws), String(wss), pem])]),
  ];
  const ports = [http, https, pythonHttp, pythonHttps, ...(talker === undefined ? [] : [ws, wss])];
  await Promise.all(ports.map(untilOpen));
  return {
    nginx: addresses({ http, https, ws: `${http}/chat`, wss: `${https}/chat` }),
    python: addresses({ http: pythonHttp, https: pythonHttps, ws: `${ws}/`, wss: `${wss}/` }),
    ports,
    caFile,
    async stop() {
      await Promise.all(processes.map(end));
    },
  };
}

/** A file beside the tests' clients and servers in other languages. */
export function clientFile(name: string): string {
  return join(import.meta.dirname, 'clients', name);
}

function addresses(at: {
  readonly http: number;
  readonly https: number;
  readonly ws: string;
  readonly wss: string;
}): Addresses {
  return {
    http: `http://localhost:${at.http}`,
    https: `https://localhost:${at.https}`,
    ws: `ws://localhost:${at.ws}`,
    wss: `wss://localhost:${at.wss}`,
  };
}

/** An authority and a leaf for localhost, made by OpenSSL: none of our own code on the server's side. */
export function makeCertificate(folder: string): {
  readonly caFile: string;
  readonly pemFile: string;
} {
  const script = `
    set -e; cd "$0"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Private CA' \
      -keyout origin-ca.key -out origin-ca.pem
    openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout leaf.key -out leaf.csr
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' >leaf.ext
    openssl x509 -req -in leaf.csr -CA origin-ca.pem -CAkey origin-ca.key -CAcreateserial \
      -days 2 -extfile leaf.ext -out leaf.crt
    cat leaf.crt leaf.key >leaf.pem`;
  const made = spawnSync('sh', ['-c', script, folder], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  return { caFile: join(folder, 'origin-ca.pem'), pemFile: join(folder, 'leaf.pem') };
}

function nginxConfig(
  folder: string,
  ports: { readonly http: number; readonly https: number; readonly ws: number },
): string {
  const pages = join(folder, 'pages');
  mkdirSync(pages, { recursive: true });
  writeFileSync(join(pages, 'hello.txt'), 'Grüße aus nginx\n');
  writeFileSync(join(pages, 'long.txt'), 'a line that gzip likes\n'.repeat(2000));
  writeFileSync(join(pages, 'bytes.bin'), everyByte(256 * 1024));
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
    events { worker_connections 256; }
    http {
      access_log off; default_type text/plain; gzip on; gzip_types text/plain; gzip_min_length 1000;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/temp-${name};`).join(' ')}
      server {
        listen 127.0.0.1:${ports.http}; listen 127.0.0.1:${ports.https} ssl; server_name localhost;
        ssl_certificate ${folder}/leaf.crt; ssl_certificate_key ${folder}/leaf.key;
        root ${pages};
        location = /moved { return 302 /hello.txt; }
        location = /teapot { return 418 "short and stout\\n"; }
        location /chat {
          proxy_pass http://127.0.0.1:${ports.ws}; proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
        }
      }
    }`,
  );
  return file;
}

/** Bytes of every value, in an order that does not repeat soon. */
export function everyByte(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 7 + (at >> 8) * 13) & 0xff));
}

function start(command: string, args: readonly string[]): ChildProcess {
  return spawn(command, args, {
    env: { PATH: searchPath },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Waits until something listens on a port. */
export async function untilOpen(port: number): Promise<void> {
  for (let tries = 0; tries < 250; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await sleep(40);
  }
  throw new Error(`nothing listens on ${port}`);
}
