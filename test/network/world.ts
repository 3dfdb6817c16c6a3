import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import forge from 'node-forge';
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

const day = 86_400_000;

/** Makes certificates; no program is needed for it. */
export function makeCertificates(): Certificates {
  const [authority, leaf] = [makeKeys(), makeKeys()];
  const ca = certificate('private ca', ownSigning(authority), [
    { name: 'basicConstraints', cA: true, critical: true },
  ]);
  const names = ['localhost', 'a.test', 'b.test'].map((value) => ({ type: 2, value }));
  const cert = certificate('leaf', { subject: leaf, issuer: authority, issuerName: 'private ca' }, [
    { name: 'subjectAltName', altNames: [...names, { type: 7, ip: '127.0.0.1' }] },
  ]);
  return { ca, cert, key: leaf.privateKey };
}

interface Keys {
  readonly publicKey: string;
  readonly privateKey: string;
}

interface Signing {
  readonly subject: Keys;
  readonly issuer: Keys;
  readonly issuerName: string;
}

function makeKeys(): Keys {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
}

function ownSigning(keys: Keys): Signing {
  return { subject: keys, issuer: keys, issuerName: 'private ca' };
}

function certificate(
  name: string,
  { subject, issuer, issuerName }: Signing,
  extensions: readonly object[],
): string {
  const made = forge.pki.createCertificate();
  made.serialNumber = `01${randomBytes(8).toString('hex')}`;
  made.publicKey = forge.pki.publicKeyFromPem(subject.publicKey);
  made.validity.notBefore = new Date(Date.now() - day);
  made.validity.notAfter = new Date(Date.now() + day);
  made.setSubject([{ name: 'commonName', value: name }]);
  made.setIssuer([{ name: 'commonName', value: issuerName }]);
  made.setExtensions([...extensions]);
  made.sign(forge.pki.privateKeyFromPem(issuer.privateKey), forge.md.sha256.create());
  return forge.pki.certificateToPem(made);
}
