import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Body, Ending, Part, Parts } from '../../src/exchange/conversation.ts';
import type { Destination } from '../../src/exchange/destination.ts';
import type { HttpExchange, StreamExchange } from '../../src/exchange/exchange.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { ResponseHead } from '../../src/exchange/http.ts';
import type { Network, NetworkOptions } from '../../src/network/network.ts';
import { createNetwork } from '../../src/network/network.ts';

/** A server on a port of its own, which remembers what it saw. */
export interface Listening {
  readonly port: number;
  readonly sockets: readonly Socket[];
  readonly destination: Destination;
}

/** Runs a raw TCP server (or one given) for the time of the body. */
export async function withServer(
  server: Server | ((socket: Socket, count: number) => void),
  body: (listening: Listening) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = [];
  const made =
    typeof server === 'function'
      ? createServer({ allowHalfOpen: true }, (socket) => server(socket, sockets.length))
      : server;
  made.on('connection', (socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => {
    made.listen(0, '127.0.0.1', resolve);
  });
  const address = made.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await body({ port, sockets, destination: { host: '127.0.0.1', port, secure: false } });
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      made.close(() => resolve());
    });
  }
}

/** Runs a network for the time of the body, and sees to it that it leaves no socket behind. */
export async function withNetwork(
  options: Partial<NetworkOptions>,
  body: (network: Network) => Promise<void>,
): Promise<void> {
  const network = createNetwork({ upstreamCa: [], insecureHosts: [], ...options });
  try {
    await body(network);
  } finally {
    await network.close();
  }
  if (network.openSockets > 0) throw new Error(`${network.openSockets} sockets left open`);
}

/** What a test says of a request; the rest is a plain GET of `/`. */
export interface Asked {
  readonly kind?: 'http' | 'websocket';
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Headers;
  readonly httpVersion?: string;
  readonly body?: Body;
  readonly trailers?: Headers;
}

/** An exchange, with what was told to its client and the way to make the client leave. */
export interface Live<E> {
  readonly exchange: E;
  readonly informed: readonly ResponseHead[];
  readonly leave: (reason?: Ending) => void;
}

/** An HTTP exchange as the wire would make it. */
export function asking(destination: Destination, asked: Asked = {}): Live<HttpExchange> {
  const controller = new AbortController();
  const informed: ResponseHead[] = [];
  const exchange: HttpExchange = {
    id: 'x',
    kind: asked.kind ?? 'http',
    destination,
    startedAt: performance.now(),
    signal: controller.signal,
    head: {
      method: asked.method ?? 'GET',
      path: asked.path ?? '/',
      headers: asked.headers ?? [['Host', 'a.example']],
      httpVersion: asked.httpVersion ?? '1.1',
    },
    body: asked.body,
    trailers: () => asked.trailers ?? [],
    inform: (head) => informed.push(head),
  };
  return { exchange, informed, leave: (reason) => controller.abort(reason) };
}

/** A raw exchange as the wire would make it. */
export function streaming(destination: Destination, body: Body): Live<StreamExchange> {
  const controller = new AbortController();
  const exchange: StreamExchange = {
    id: 'x',
    kind: 'stream',
    destination,
    startedAt: performance.now(),
    signal: controller.signal,
    body,
  };
  return { exchange, informed: [], leave: (reason) => controller.abort(reason) };
}

/** Parts of some texts. */
export async function* partsOf(...texts: readonly (string | Buffer)[]): Parts {
  for (const text of texts) yield part(text);
}

/** A part of a text. */
export function part(text: string | Buffer): Part {
  return { atMs: 0, kind: 'data', bytes: Buffer.from(text) };
}

/** All bytes of a body; nothing for an absent one. */
export async function bytesOf(body: Body): Promise<Buffer | undefined> {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  const chunks: Buffer[] = [];
  for await (const { bytes } of body) chunks.push(bytes);
  return Buffer.concat(chunks);
}

/** The text of a body. */
export async function textOf(body: Body): Promise<string | undefined> {
  return (await bytesOf(body))?.toString('latin1');
}

/** Resolves with the bytes of a socket once they end with (or contain) a text. */
export function heard(socket: Socket, until: string): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    const listen = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (!text.includes(until)) return;
      socket.off('data', listen);
      resolve(text);
    };
    socket.on('data', listen);
  });
}

/** Resolves after some milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Waits until something holds, two seconds at most. */
export async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !holds(); tries += 1) await sleep(5);
  if (!holds()) throw new Error(`never came true: ${holds.toString()}`);
}

/** A private CA and a certificate for `localhost`, `a.test`, `b.test` and 127.0.0.1, all PEM. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const tool = 'openssl';

/** Makes certificates with OpenSSL. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'magneto-network-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...words: readonly string[]): void => {
    execFileSync(tool, [...words], { cwd: folder, stdio: 'ignore' });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  try {
    const own = ['-subj', '/CN=private ca', '-addext', 'basicConstraints=critical,CA:TRUE'];
    openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', ...own);
    openssl('req', ...curve, '-keyout', 'key', '-out', 'csr', '-subj', '/CN=leaf');
    writeFileSync(at('ext'), 'subjectAltName=DNS:localhost,DNS:a.test,DNS:b.test,IP:127.0.0.1\n');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'ext'];
    openssl('x509', '-req', '-in', 'csr', '-out', 'cert', '-days', '2', ...signed);
    const read = (name: string): string => readFileSync(at(name), 'utf8');
    return { ca: read('ca.pem'), cert: read('cert'), key: read('key') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
