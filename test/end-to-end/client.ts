import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { WebSocket } from 'ws';

/** Where a client finds the proxy, and whom it trusts. */
export interface Via {
  readonly proxyPort: number;
  readonly caFile: string;
  /** The client's own address, where it is not to be 127.0.0.1. */
  readonly from?: string;
}

export interface Asked {
  readonly url: string;
  readonly method?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
}

export interface Told {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly trailers: readonly string[];
}

/** Asks through the proxy: absolute-form for http, CONNECT and TLS for https. Rejects when the connection is lost. */
export async function ask(via: Via, asked: Asked): Promise<Told> {
  const url = new URL(asked.url);
  const secure = url.protocol === 'https:';
  const socket = secure ? await secureTunnel(via, url) : await plain(via);
  const { method = 'GET', headers = [], body } = asked;
  const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))];
  const sent = httpRequest({
    createConnection: () => socket,
    method,
    path: secure ? `${url.pathname}${url.search}` : asked.url,
    setDefaultHeaders: false,
    headers: ['Host', url.host, ...headers.flat(), ...length],
  });
  sent.end(body);
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return await toldBy(response);
  } finally {
    socket.destroy();
  }
}

async function toldBy(response: IncomingMessage): Promise<Told> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    headers: response.rawHeaders,
    body: Buffer.concat(chunks),
    trailers: response.rawTrailers,
  };
}

/** A plain connection to the proxy. */
export async function plain(via: Pick<Via, 'proxyPort' | 'from'>): Promise<Socket> {
  const own = via.from === undefined ? {} : { localAddress: via.from };
  const socket = connect({ port: via.proxyPort, host: '127.0.0.1', ...own });
  await once(socket, 'connect');
  return socket;
}

/** A tunnel to a host and port; rejects with the proxy's status line when it refuses. */
export async function tunnel(
  via: Pick<Via, 'proxyPort' | 'from'>,
  authority: string,
): Promise<Socket> {
  const socket = await plain(via);
  const sent = httpRequest({
    createConnection: () => socket,
    method: 'CONNECT',
    path: authority,
    setDefaultHeaders: false,
    headers: ['Host', authority],
  });
  sent.end();
  const [response, , rest] = (await Promise.race([
    once(sent, 'connect'),
    once(sent, 'response'),
  ])) as [IncomingMessage, Socket?, Buffer?];
  // A server that speaks first may be heard in one packet with the proxy's answer.
  if (rest !== undefined && rest.length > 0) socket.unshift(rest);
  if (response.statusCode !== 200) {
    socket.destroy();
    throw new Error(
      `CONNECT: ${response.statusCode} ${String(response.headers['x-magneto-failure'] ?? '')}`,
    );
  }
  return socket;
}

/** A TLS connection to a URL's host through a tunnel, verified against the proxy's CA. */
export async function secureTunnel(via: Via, url: URL): Promise<Duplex> {
  const port = url.port === '' ? '443' : url.port;
  const inner = await tunnel(via, `${url.hostname}:${port}`);
  const socket = tlsConnect({
    socket: inner,
    servername: url.hostname,
    ca: readFileSync(via.caFile),
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** What a WebSocket session said, message by message, and how it closed. */
export interface Session {
  readonly got: readonly string[];
  readonly code: number;
  readonly reason: string;
  readonly protocol: string;
}

/** Talks to a WebSocket through the proxy: says each message after one has come, then closes with 1000. */
export async function talk(
  via: Via,
  address: string,
  messages: readonly (string | Buffer)[],
): Promise<Session> {
  const url = new URL(address);
  const secure = url.protocol === 'wss:';
  const socket = secure
    ? await secureTunnel(via, url)
    : await tunnel(via, `${url.hostname}:${url.port}`);
  const client = new WebSocket(address, {
    createConnection: () => socket as Socket,
    perMessageDeflate: false,
  });
  const got: string[] = [];
  const left = [...messages];
  client.on('message', (data: Buffer, binary) => {
    got.push(binary ? `binary ${data.toString('hex')}` : data.toString());
    const next = left.shift();
    if (next === undefined) client.close(1000, 'bye');
    else client.send(next);
  });
  const refused = new Promise<never>((_resolve, reject) => {
    client.on('unexpected-response', (_request, response) => {
      reject(
        new Error(
          `handshake: ${response.statusCode} ${String(response.headers['x-magneto-failure'] ?? '')}`,
        ),
      );
      response.destroy();
    });
    client.on('error', reject);
  });
  const closed = once(client, 'close') as Promise<[number, Buffer]>;
  const [code, reason] = await Promise.race([closed, refused]);
  return { got, code, reason: reason.toString(), protocol: client.protocol };
}
