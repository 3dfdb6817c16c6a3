import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Arrival } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf, parseAuthority } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import { asksForWebSocket } from '../exchange/http.ts';
import { liveExchange, requestBody } from './http-exchange.ts';
import type { OwnAnswer } from './refuse.ts';
import { answerBytes, ownAnswer, refusal } from './refuse.ts';
import { goneBy } from './relay.ts';
import { respond, writeInterim, writeOwn } from './respond.ts';
import { relayStream } from './stream.ts';
import type { Target } from './target.ts';
import { targetOf } from './target.ts';
import { serveWebSocket } from './websocket.ts';

/** A CONNECT that waits for its answer. */
export interface Tunnel {
  /** The arrival inside the tunnel: its destination is the authority of the CONNECT. */
  readonly arrival: Arrival;
  /** Answers 200; the socket then belongs to whoever accepted. */
  readonly accept: () => void;
  /** Answers with the failure and ends the connection. */
  readonly refuse: (failure: Failure) => void;
}

/** What the wire needs of the house. */
export interface WireOptions {
  /** HTTP status of a replay miss. */
  readonly missStatus: number;
  readonly onConnect: (tunnel: Tunnel) => void;
  /** Answers requests for magneto's own host name, `magneto.local`. */
  readonly own: (path: string) => { readonly type: string; readonly text: string } | undefined;
  /** Whether a destination is one of our own listeners (a loop). */
  readonly isOwn: (destination: Destination) => boolean;
  /** Told of failures that concern no exchange: malformed HTTP, unknown destinations, loops. */
  readonly onFailure: (failure: Failure) => void;
  /** Told of connections that were lost, and where; for the log at debug. */
  readonly onLost: (where: string, error: unknown) => void;
}

/** Bytes to exchanges and back, on the client's side. */
export interface Wire {
  /** Parses HTTP/1 on an arrival's socket until it ends, and answers each request from the arrival's session. */
  readonly http: (arrival: Arrival) => void;
  /** Relays an arrival's bytes as one raw stream to and from its session's upstream. */
  readonly stream: (arrival: Arrival) => void;
}

/** The name under which magneto itself answers through the proxy. */
export const ownHost = 'magneto.local';

const headBytesMax = 256 * 1024;
const idleMs = 120_000;

/** Makes the wire: one HTTP parser for every connection, whatever tunnel it came through. */
export function createWire(options: WireOptions): Wire {
  const arrivals = new WeakMap<Duplex, Arrival>();
  const server = new Server({
    maxHeaderSize: headBytesMax,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: idleMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
    shouldUpgradeCallback: (request) => asksToUpgrade(request),
  });
  server.timeout = 0;
  server.maxHeadersCount = 0;
  const arrivalOf = (request: IncomingMessage): Arrival => {
    const arrival = arrivals.get(request.socket);
    if (arrival === undefined) throw new Error('a request came on a socket that never arrived');
    return arrival;
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    serveHttp(options, arrivalOf(request), { request, response }).catch((error: unknown) => {
      options.onLost('http', error);
      request.socket.destroy();
    });
  };
  server.on('request', serve);
  server.on('checkContinue', serve);
  server.on('checkExpectation', serve);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    const arrival = arrivalOf(request);
    upgrade(options, arrival, { request, socket, rest }).catch((error: unknown) => {
      options.onLost('websocket', error);
      socket.destroy();
    });
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    if (rest.length > 0) socket.unshift(rest);
    openTunnel(options, { ...arrivalOf(request), socket }, request.url ?? '');
  });
  server.on('clientError', (error, socket) => {
    refuseMalformed(options, error, socket);
  });
  return {
    http(arrival) {
      arrivals.set(arrival.socket, arrival);
      server.emit('connection', arrival.socket);
    },
    stream(arrival) {
      relayStream(arrival).catch((error: unknown) => {
        options.onLost('stream', error);
        arrival.socket.destroy();
      });
    },
  };
}

function asksToUpgrade(request: IncomingMessage): boolean {
  const headers = Object.entries(request.headers).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return asksForWebSocket({
    method: request.method ?? '',
    path: request.url ?? '',
    headers,
    httpVersion: request.httpVersion,
  });
}

async function serveHttp(
  options: WireOptions,
  arrival: Arrival,
  http: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const { request, response } = http;
  const startedAt = performance.now();
  const target = destinationOf(options, request, arrival);
  if ('head' in target) return writeOwn(response, target);
  const live = liveExchange({
    kind: 'http',
    request,
    target,
    body: requestBody(request, startedAt),
    startedAt,
    inform: (head) => writeInterim(response, head),
  });
  response.on('close', () => {
    if (!response.writableFinished) live.leave(goneBy(request.socket.errored));
  });
  const answer = await arrival.session.upstream.open(live.exchange);
  await respond({
    response,
    exchange: live.exchange,
    answer,
    missStatus: options.missStatus,
    reset: arrival.reset,
  });
}

async function upgrade(
  options: WireOptions,
  arrival: Arrival,
  upgraded: { readonly request: IncomingMessage; readonly socket: Duplex; readonly rest: Buffer },
): Promise<void> {
  const target = destinationOf(options, upgraded.request, arrival);
  if ('head' in target) {
    upgraded.socket.end(answerBytes(target));
    return;
  }
  await serveWebSocket({ ...upgraded, arrival, target, missStatus: options.missStatus });
}

/** The target of a request, or the answer that magneto gives itself. */
function destinationOf(
  options: WireOptions,
  request: IncomingMessage,
  arrival: Arrival,
): Target | OwnAnswer {
  const target = targetOf(request, arrival);
  if (target instanceof Failure) return refused(options, target);
  if (target.destination.host === ownHost) return ownPage(options, target.path);
  if (options.isOwn(target.destination)) {
    const where = authorityOf(target.destination);
    return refused(options, new Failure('DESTINATION_IS_PROXY', `${where} is this proxy`));
  }
  return target;
}

function refused(options: WireOptions, failure: Failure): OwnAnswer {
  options.onFailure(failure);
  return refusal(failure);
}

function ownPage(options: WireOptions, path: string): OwnAnswer {
  const page = options.own(path);
  if (page !== undefined) return ownAnswer(200, page.text, [['Content-Type', page.type]]);
  return ownAnswer(404, `magneto has /ca.pem here, not ${path}\n`, [
    ['Content-Type', 'text/plain'],
  ]);
}

function openTunnel(options: WireOptions, arrival: Arrival, authority: string): void {
  const { socket } = arrival;
  socket.on('error', (error) => options.onLost('connect', error));
  const refuse = (failure: Failure): void => {
    options.onFailure(failure);
    socket.end(answerBytes(refusal(failure)));
  };
  const where = parseAuthority(authority);
  if (where === undefined) {
    refuse(
      new Failure('DESTINATION_UNKNOWN', `CONNECT ${JSON.stringify(authority)} is no host:port`),
    );
    return;
  }
  const destination: Destination = { ...where, secure: false };
  if (options.isOwn(destination)) {
    refuse(new Failure('DESTINATION_IS_PROXY', `${authority} is this proxy`));
    return;
  }
  options.onConnect({
    arrival: { ...arrival, destination, depth: arrival.depth + 1 },
    accept: () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'),
    refuse,
  });
}

function refuseMalformed(options: WireOptions, error: Error, socket: Duplex): void {
  const code = 'code' in error ? String(error.code) : '';
  if (!code.startsWith('HPE_') || !socket.writable) {
    options.onLost('http', error);
    socket.destroy();
    return;
  }
  const failure =
    code === 'HPE_HEADER_OVERFLOW'
      ? new Failure('HEADERS_TOO_LARGE', `a request head passed ${headBytesMax} bytes`)
      : new Failure('MALFORMED_HTTP', `${error.message} (${code})`, { cause: error });
  options.onFailure(failure);
  socket.end(answerBytes(refusal(failure)));
}
