import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Arrival } from '../exchange/arrival.ts';
import type { Headers } from '../exchange/headers.ts';
import { headersFromFlat } from '../exchange/headers.ts';
import { asksForUpgrade, asksForWebSocket } from '../exchange/http.ts';
import type { Offer } from '../exchange/upstream.ts';
import { Connection } from './connection.ts';
import { endWith } from './farewell.ts';
import { liveExchange, requestBody } from './http-exchange.ts';
import type { Http2Connection } from './http2.ts';
import { serveHttp2 } from './http2.ts';
import { headBytesMax, refuseMalformed } from './malformed.ts';
import type { Asking, OwnOptions } from './own.ts';
import { settle } from './own.ts';
import { answerBytes } from './refuse.ts';
import { interimWriter, respond, writeOwn } from './respond.ts';
import { relayStream } from './stream.ts';
import { targetOf } from './target.ts';
import type { TunnelOptions } from './tunnel.ts';
import { askedOverHttp1, openTunnel } from './tunnel.ts';
import { serveWebSocket } from './websocket.ts';

export { ownHost } from './own.ts';
export type { Tunnel } from './tunnel.ts';

/** What the wire needs of the house. */
export interface WireOptions extends TunnelOptions, OwnOptions {
  /** HTTP status of a replay miss. */
  readonly missStatus: number;
  /** Told of connections that were lost, and where; for the log at debug. */
  readonly onLost: (where: string, error: unknown) => void;
}

/** Bytes to exchanges and back, on the client's side. */
export interface Wire {
  /** Parses HTTP/1 on an arrival's socket until it ends, and answers each request from the arrival's session. */
  readonly http: (arrival: Arrival) => void;
  /** Speaks HTTP/2 on an arrival's socket until it ends, on the terms of its destination. */
  readonly http2: (arrival: Arrival, offer?: Offer) => void;
  /** Relays an arrival's bytes as one raw stream to and from its session's upstream. */
  readonly stream: (arrival: Arrival) => void;
  /** Ends idle HTTP connections at once, and busy ones when what is asked on them is answered. */
  readonly drain: () => void;
}

const idleMs = 120_000;

/** Makes the wire: one HTTP parser for every connection, whatever tunnel it came through. */
export function createWire(options: WireOptions): Wire {
  const connections = new Map<Duplex, Connection>();
  const connectionOf = (socket: Duplex): Connection => {
    const connection = connections.get(socket);
    if (connection === undefined) throw new Error('a request came on a socket that never arrived');
    return connection;
  };
  const server = createParser(options, connectionOf);
  const multiplexed = new Set<Http2Connection>();
  return {
    http(arrival) {
      connections.set(arrival.socket, new Connection(arrival));
      arrival.socket.once('close', () => connections.delete(arrival.socket));
      server.emit('connection', arrival.socket);
    },
    http2(arrival, offer) {
      const connectProtocol = offer?.type === 'terms' && offer.connectProtocol === true;
      const connection = serveHttp2(options, arrival, { connectProtocol });
      multiplexed.add(connection);
      arrival.socket.once('close', () => multiplexed.delete(connection));
    },
    stream(arrival) {
      relayStream(arrival, options.onFailure).catch((error: unknown) => {
        options.onLost('stream', error);
        arrival.socket.destroy();
      });
    },
    drain() {
      for (const connection of connections.values()) connection.endWhenIdle();
      for (const connection of multiplexed) connection.drain();
    },
  };
}

/** Node's HTTP server as a parser: it listens nowhere, sockets are handed to it. */
function createParser(options: WireOptions, connectionOf: (socket: Duplex) => Connection): Server {
  const server = new Server({
    maxHeaderSize: headBytesMax,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: idleMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
    shouldUpgradeCallback: asksToUpgrade,
  });
  server.timeout = 0;
  server.maxHeadersCount = 0;
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connectionOf(request.socket);
    serveHttp(options, connection, { request, response }).catch((error: unknown) => {
      options.onLost('http', error);
      request.socket.destroy();
    });
  };
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, serve);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    const connection = connectionOf(socket);
    connection.whenIdle(() => {
      upgrade(options, connection.arrival, { request, socket, rest }).catch((error: unknown) => {
        options.onLost('websocket', error);
        socket.destroy();
      });
    });
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    const connection = connectionOf(socket);
    if (rest.length > 0) socket.unshift(rest);
    const asked = askedOverHttp1(socket, request.url ?? '');
    connection.whenIdle(() => openTunnel(options, connection.arrival, asked));
  });
  server.on('clientError', (error, socket) => {
    refuseMalformed(options, connectionOf(socket), error);
  });
  return server;
}

function asksToUpgrade(request: IncomingMessage): boolean {
  const headers = Object.entries(request.headers).map(
    ([name, value]) => [name, String(value)] as const,
  );
  const head = {
    method: request.method ?? '',
    path: request.url ?? '',
    headers,
    httpVersion: request.httpVersion,
  };
  return asksForWebSocket(head) || asksForUpgrade(head);
}

async function serveHttp(
  options: WireOptions,
  connection: Connection,
  http: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const { request, response } = http;
  const { arrival } = connection;
  const startedAt = performance.now();
  const target = settle(options, asking(request, arrival));
  if ('head' in target) return writeOwn(response, target);
  const live = liveExchange({
    kind: 'http',
    request,
    target,
    body: requestBody(request, startedAt),
    startedAt,
    inform: interimWriter(response),
  });
  connection.follow({ request, response, leave: live.leave });
  const answer = await arrival.session.upstream.open(live.exchange);
  await respond({
    response,
    exchange: live.exchange,
    answer,
    missStatus: options.missStatus,
    reset: arrival.reset,
  });
}

function asking(request: IncomingMessage, arrival: Arrival): Asking {
  const headers = (): Headers => headersFromFlat(request.rawHeaders);
  return { target: targetOf(request, arrival), headers };
}

async function upgrade(
  options: WireOptions,
  arrival: Arrival,
  upgraded: { readonly request: IncomingMessage; readonly socket: Duplex; readonly rest: Buffer },
): Promise<void> {
  const target = settle(options, asking(upgraded.request, arrival));
  if ('head' in target) return endWith(upgraded.socket, answerBytes(target));
  await serveWebSocket({ ...upgraded, arrival, target, missStatus: options.missStatus });
}
