import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { openAuthority } from '../src/tls/tls.ts';

/** The demo's own server: HTTP and WebSocket, plain and over TLS under a private authority. */
export interface Origin {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** The private authority (PEM), for MAGNETO_UPSTREAM_CA. */
  readonly caFile: string;
  /** How many requests and handshakes reached it. */
  readonly saw: () => number;
  /** Ends it: its ports then refuse connections. */
  readonly stop: () => Promise<void>;
}

type Page = (
  request: IncomingMessage,
  response: ServerResponse,
  serial: string,
) => void | Promise<void>;

/** Where the server stands; port 0 takes any. */
export interface Place {
  /** What its certificate names. */
  readonly name: string;
  readonly address: string;
  readonly ports: readonly [http: number, https: number];
}

/**
 * Starts the server. Every answer carries a fresh random serial: an answer that is equal the second
 * time can only be the recorded one.
 */
export async function startOrigin(directory: string, place: Place): Promise<Origin> {
  const authority = await openAuthority({ directory });
  const secureContext = await authority.contextFor(place.name);
  let count = 0;
  const listener: RequestListener = (request, response) => {
    count += 1;
    void serve(request, response);
  };
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'chat.v1' });
  const servers = [
    createServer(listener),
    createSecureServer({ SNICallback: (_name, done) => done(null, secureContext) }, listener),
  ] as const;
  for (const [index, server] of servers.entries()) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      count += 1;
      sockets.handleUpgrade(request, socket, head, chat);
    });
    server.listen(place.ports[index], place.address);
    await once(server, 'listening');
  }
  return {
    httpPort: portOf(servers[0]),
    httpsPort: portOf(servers[1]),
    caFile: authority.certificateFile,
    saw: () => count,
    async stop() {
      for (const client of sockets.clients) client.terminate();
      for (const server of servers) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }
    },
  };
}

function portOf(server: Server): number {
  // A server on a port has an address of this shape; a string is for pipes.
  return (server.address() as AddressInfo).port;
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = pages.get(new URL(request.url ?? '/', 'http://origin').pathname) ?? missing;
  await page(request, response, randomBytes(6).toString('hex'));
}

const pages: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['/json', (_request, response, serial) => json(response, 200, { hello: 'world', serial })],
  ['/orders', order],
  ['/cookies', cookies],
  ['/gzip', zipped],
  ['/stream', streamed],
  ['/binary', (_request, response) => whole(response, randomBytes(65_536), 'image/x-noise')],
  ['/moved', moved],
  ['/reset', (request) => void request.socket.resetAndDestroy()],
  ['/half', half],
]);

function missing(_request: IncomingMessage, response: ServerResponse, serial: string): void {
  json(response, 404, { error: 'there is nothing here', serial });
}

async function order(
  request: IncomingMessage,
  response: ServerResponse,
  serial: string,
): Promise<void> {
  const said = (await buffer(request)).toString();
  json(response, 201, { said, serial });
}

function cookies(_request: IncomingMessage, response: ServerResponse, serial: string): void {
  const body = `three cookies for ${serial}\n`;
  response.statusMessage = 'Baked Fresh';
  response.setHeader('Set-Cookie', [
    `session=${serial}-a; Path=/; HttpOnly`,
    `theme=${serial}-b; Max-Age=3600`,
    `seen=${serial}-c`,
  ]);
  whole(response, Buffer.from(body), 'text/plain');
}

function zipped(_request: IncomingMessage, response: ServerResponse, serial: string): void {
  response.setHeader('Content-Encoding', 'gzip');
  const text = JSON.stringify({ serial, filler: 'la '.repeat(2000) });
  whole(response, gzipSync(text, { level: 3 }), 'application/json');
}

/** Chunks with pauses between them and no announced length, as a language model or a log sends them. */
async function streamed(
  _request: IncomingMessage,
  response: ServerResponse,
  serial: string,
): Promise<void> {
  response.setHeader('Content-Type', 'text/event-stream');
  for (let n = 1; n <= 5; n += 1) {
    response.write(`data: ${n} of 5 in ${serial}\n\n`);
    await sleep(30);
  }
  response.end();
}

function moved(_request: IncomingMessage, response: ServerResponse, serial: string): void {
  response.writeHead(302, { Location: `/json?from=${serial}`, 'Content-Length': 0 });
  response.end();
}

/** Promises a thousand bytes, sends four hundred, and resets the connection. */
async function half(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': 1000 });
  response.write(randomBytes(400));
  await sleep(100);
  request.socket.resetAndDestroy();
}

function json(response: ServerResponse, status: number, value: object): void {
  response.statusCode = status;
  whole(response, Buffer.from(JSON.stringify(value)), 'application/json');
}

function whole(response: ServerResponse, body: Buffer, type: string): void {
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', body.length);
  response.end(body);
}

/** Greets, pings, answers each message, and closes with a code of its own after the third. */
function chat(socket: WebSocket): void {
  const serial = randomBytes(6).toString('hex');
  let count = 0;
  socket.send(`welcome, your number is ${serial}`);
  socket.ping('are you there');
  socket.on('message', (bytes: Buffer, isBinary) => {
    count += 1;
    if (isBinary) socket.send(Buffer.concat([Buffer.from(serial, 'hex'), bytes]));
    else socket.send(`${count}: ${bytes.toString()}`);
    if (count === 3) socket.close(4002, 'that was all');
  });
}
