import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { openAuthority } from '../../src/tls/tls.ts';

/** A real server: HTTP and WebSocket, plain and over TLS under a private CA; every answer carries a fresh number. */
export interface Origin {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** The private authority, for MAGNETO_UPSTREAM_CA. */
  readonly caFile: string;
  /** How many requests and handshakes have reached it. */
  saw(): number;
  /** Ends it: its ports then refuse connections. */
  stop(): Promise<void>;
}

export interface OriginOptions {
  readonly answer?: (request: IncomingMessage, response: ServerResponse, n: number) => void;
  readonly talk?: (socket: WebSocket, n: number) => void;
}

export async function startOrigin(options: OriginOptions = {}): Promise<Origin> {
  const directory = await mkdtemp(join(tmpdir(), 'magneto-origin-'));
  const authority = await openAuthority({ directory });
  const secureContext = await authority.contextFor('localhost');
  let count = 0;
  const answer = options.answer ?? answerWithNumber;
  const talk = options.talk ?? echoWithNumber;
  const listener: RequestListener = (request, response) => {
    count += 1;
    answer(request, response, count);
  };
  const sockets = new WebSocketServer({ noServer: true });
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    count += 1;
    const n = count;
    sockets.handleUpgrade(request, socket, head, (webSocket) => talk(webSocket, n));
  };
  const servers = [
    createServer(listener),
    createSecureServer({ SNICallback: (_name, done) => done(null, secureContext) }, listener),
  ];
  for (const server of servers) {
    server.on('upgrade', upgrade);
    server.listen(0, 'localhost');
    await once(server, 'listening');
  }
  const [http, https] = servers;
  if (http === undefined || https === undefined) throw new Error('two servers were made');
  return {
    httpPort: portOf(http),
    httpsPort: portOf(https),
    caFile: authority.certificateFile,
    saw: () => count,
    async stop() {
      for (const client of sockets.clients) client.terminate();
      for (const server of servers) {
        server.closeAllConnections();
        if (server.listening) await new Promise((resolve) => server.close(resolve));
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function answerWithNumber(request: IncomingMessage, response: ServerResponse, n: number): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const said = Buffer.concat(chunks).toString();
    const body = JSON.stringify({ n, path: request.url, said });
    response.writeHead(200, 'Very Fine', [
      ['Content-Type', 'application/json'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2; Path=/'],
      ['Set-Cookie', 'c=3'],
      ['Content-Length', String(Buffer.byteLength(body))],
    ]);
    response.end(body);
  });
}

function echoWithNumber(socket: WebSocket, n: number): void {
  socket.send(`hello ${n}`);
  socket.on('message', (data: Buffer, binary) => {
    if (binary) socket.send(data, { binary: true });
    else socket.send(`${n}: ${data.toString()}`);
  });
}
