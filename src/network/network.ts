import type { Socket } from 'node:net';
import type { Redirected } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import type { Exchange, HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Answer, ClientHello, Offer, Upstream } from '../exchange/upstream.ts';
import type { IsOwn } from './dial.ts';
import { refusedProtocol, Unreachable } from './endings.ts';
import { createEstablish } from './establish.ts';
import type { HttpParts } from './http.ts';
import { openHttp } from './http.ts';
import { openHttp2 } from './http2.ts';
import { Http2Pool } from './http2-pool.ts';
import type { IdenticalCap } from './identical.ts';
import { createIdenticalCap } from './identical.ts';
import { Pool } from './pool.ts';
import type { UpstreamProxy } from './proxy.ts';
import { relay } from './raw.ts';
import { Reach } from './reach.ts';
import type { TrustOptions } from './trust.ts';
import { createTrust } from './trust.ts';

export type { UpstreamProxy } from './proxy.ts';
export type { ClientCertificate } from './trust.ts';
export { lookUp } from './look-up.ts';
export { createResolver } from './resolver.ts';
export type { ResolvConf } from './resolv-conf.ts';
export { readResolvConf } from './resolv-conf.ts';

/** How destinations are reached. */
export interface NetworkOptions extends TrustOptions {
  readonly upstreamProxy?: UpstreamProxy;
  /** Whether an address only leads to ourselves, told to clients in place of a host's: the host is dialled then. */
  readonly leadsBack?: (address: string) => boolean;
  /** Idle connections kept for one destination; 100 by default. */
  readonly idleSocketsPerDestination?: number;
  /** Whether servers are spoken to in HTTP/2 where client and server can; true by default. */
  readonly http2?: boolean;
  /** Whether an address and port are a listener of our own; such a connection is ended when it is made. */
  readonly isOwn?: IsOwn;
  /** Whether one of our listeners has this port, on whatever address. */
  readonly listensOn?: (port: number) => boolean;
}

/** The real upstream: it alone dials out. */
export interface Network extends Upstream {
  /** Destroys every connection; resolves when all are closed. */
  close(): Promise<void>;
  /** TCP connections that are open or being opened. */
  readonly openSockets: number;
  /** Whether a connection that came to us is one of its own. */
  readonly isOwnSocket: (connection: Redirected) => boolean;
}

/** Idle connections kept for all destinations together. */
const idleSocketsMax = 1_024;

/** Milliseconds after which an idle connection, or one that nobody came to use, is closed. */
const idleMs = 60_000;

/**
 * The network as an upstream. `offer` dials and keeps the connection for the first exchange.
 * @throws Failure OPTION_INVALID where a certificate authority is none.
 */
export function createNetwork(options: NetworkOptions): Network {
  const { upstreamProxy: proxy, idleSocketsPerDestination: perKey = 100, isOwn } = options;
  const { http2 = true } = options;
  const trust = createTrust(options);
  const cap = createIdenticalCap(options.listensOn ?? (() => false));
  const sockets = new Set<Socket>();
  const own = new Map<string, number>();
  let closed = false;
  const track = (socket: Socket): void => {
    sockets.add(socket);
    const begunMs = performance.now();
    let ends = '';
    socket.once('connect', () => {
      ends = endsOf(socket);
      own.set(ends, begunMs);
    });
    socket.once('close', () => {
      sockets.delete(socket);
      own.delete(ends);
    });
    if (closed) socket.destroy();
  };
  const limits = { perKey, total: idleSocketsMax, idleMs };
  const pool = new Pool(limits);
  const shared = http2 ? new Http2Pool(limits) : undefined;
  const parts = { trust, proxy, track, isOwn, leadsBack: options.leadsBack };
  const reach = new Reach({ pool, establish: createEstablish(parts), shared });
  return {
    offer: (destination, hello) => offer(reach, destination, hello),
    open: (exchange) => open(exchange, { reach, proxy, cap }),
    async close() {
      pool.close();
      shared?.close();
      closed = true;
      await Promise.all([...sockets].map(destroyed));
    },
    get openSockets() {
      return sockets.size;
    },
    // Both ends: where many connect, the kernel gives one source port to several, an application's and
    // ours. And only what was there before: the connection that is opened for this very one never led to it.
    isOwnSocket: ({ from, to, cameMs }) => {
      const begunMs = own.get(`${from.address} ${from.port} ${to.address} ${to.port}`);
      return begunMs !== undefined && begunMs < cameMs;
    },
  };
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}

/** Destroys a socket and waits until it is closed. */
function destroyed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
}

async function offer(
  reach: Reach,
  destination: Destination,
  hello: ClientHello | undefined,
): Promise<Offer> {
  const wanted = hello === undefined ? destination : { ...destination, secure: true };
  // A pooled TLS connection tells the terms without another handshake. Without a hello nobody knows
  // yet whether the server speaks first, and only a connection of its own will show.
  const known = hello === undefined ? undefined : reach.known(wanted, hello);
  if (known !== undefined) {
    reach.forget(wanted);
    return { type: 'terms', ...known };
  }
  try {
    const connection = await reach.forOffer(wanted, hello);
    return { type: 'terms', ...(await reach.keepOffered(wanted, connection)) };
  } catch (error) {
    if (error instanceof Unreachable) return { type: 'ended', ending: error.ending };
    // The destination has done nothing: accept, so that the failure is told inside the protocol.
    if (error instanceof Failure) return { type: 'unknown' };
    throw error;
  }
}

interface Ways {
  readonly reach: Reach;
  readonly proxy: UpstreamProxy | undefined;
  readonly cap: IdenticalCap;
}

async function open(exchange: Exchange, { reach, proxy, cap }: Ways): Promise<Answer> {
  try {
    if (exchange.kind !== 'stream') {
      const leave = cap.enter(exchange);
      return await openAny(exchange, { reach, proxy }).finally(leave);
    }
    const connection = await reach.forStream(exchange.destination, { signal: exchange.signal });
    return relay(exchange, connection);
  } catch (error) {
    if (error instanceof Unreachable) {
      return { body: undefined, ending: error.ending, outcome: 'forwarded' };
    }
    if (error instanceof Failure) {
      const ending = { type: 'refused' } as const;
      return { body: undefined, ending, outcome: 'failed', failure: error };
    }
    throw error;
  }
}

/** In the client's version where the server speaks it; in HTTP/2 for others only where it speaks nothing else. */
async function openAny(exchange: HttpExchange, parts: HttpParts): Promise<Answer> {
  if (exchange.head.httpVersion.startsWith('2')) {
    return (await openHttp2(exchange, parts.reach)) ?? openHttp(exchange, parts);
  }
  try {
    return await openHttp(exchange, parts);
  } catch (error) {
    const plain = exchange.kind === 'http' && exchange.upgraded === undefined;
    const other = plain && refusedProtocol(error);
    const answer = other ? await openHttp2(exchange, parts.reach) : undefined;
    if (answer === undefined) throw error;
    return answer;
  }
}
