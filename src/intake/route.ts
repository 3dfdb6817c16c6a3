import type { Untouched } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf, isUnnamed } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { ClientHello, Offer } from '../exchange/upstream.ts';
import { ownHost } from '../wire/wire.ts';
import type { Recognised } from './recognise.ts';

/** A client came in whose address is not on the list. */
export interface StrangerStage {
  readonly at: 'stranger';
  readonly seen: Seen;
  /** Its address and port, for the words of a failure. */
  readonly client: string;
}

/** A connection has come, and nobody has looked at what it says. */
export interface ArrivalStage {
  readonly at: 'arrival';
  /** Why its destination is not to be looked at, where it is one of those. */
  readonly untouched: Untouched | undefined;
  /** Whether the client is a connection of our own, which the rules did not exempt. */
  readonly loop: boolean;
  readonly client: string;
}

/** A CONNECT waits for its answer. */
export interface ConnectStage {
  readonly at: 'connect';
  readonly destination: Destination;
  readonly offer: Offer;
}

/** A TLS hello waits for its answer. */
export interface HelloStage {
  readonly at: 'hello';
  /** Whether the kernel brought the client here, who knows of no proxy. */
  readonly captured: boolean;
  /** The terms of the destination, where there is one to be asked. */
  readonly offer: Offer | undefined;
  /** Why the TLS session is not to be opened, where it is one of those. */
  readonly untouched?: Untouched | undefined;
}

/** The first bytes of a socket, of a tunnel or of a TLS session are known, or will not come. */
export interface BytesStage {
  readonly at: 'bytes';
  readonly seen: Seen;
  /** Whether a raw stream would have somewhere to go. */
  readonly known: boolean;
  readonly depth: number;
  /** Whether the client is a connection of our own, which the rules did not exempt. */
  readonly loop: boolean;
  readonly client: string;
  /** Whether HTTP/2 is spoken here: else its bytes are nothing that magneto knows. */
  readonly http2: boolean;
}

/** What was seen of the client: its protocol, or what came instead. */
export type Seen = Recognised['kind'] | 'serverSpoke' | 'endedSilent' | 'endedShort' | 'lost';

/** The socket is destroyed, and counted as lost. */
export interface Drop {
  readonly to: 'drop';
  readonly why: string;
}

/** Answered in HTTP, then closed. */
export interface Refuse {
  readonly to: 'refuse';
  readonly failure: Failure;
}

/** The connection is reset, and the failure told. */
export interface Reset {
  readonly to: 'reset';
  readonly failure: Failure;
}

/** What comes after a CONNECT. */
export type AfterConnect = { readonly to: 'accept' } | Refuse | Drop;

/** What comes before anything is looked at. */
export type AfterArrival = { readonly to: 'look' } | { readonly to: 'stream' } | Reset;

/** What comes after a TLS hello; `reset` ends the connection as its destination would have. */
export type AfterHello = { readonly to: 'secure' | 'stream' | 'reset' };

/** What comes after the first bytes; `alert` is a fatal TLS alert (RFC 8446, 6.2), then the end. */
export type AfterBytes =
  | { readonly to: 'http' | 'http2' | 'tls' | 'stream' }
  | { readonly to: 'alert'; readonly failure: Failure }
  | Reset
  | Drop;

/** How many tunnels and TLS sessions may lie within one another: an https proxy behind another takes four. */
export const depthMax = 8;

/** Decides what comes next: the one place that does. */
export function route(stage: StrangerStage): Refuse | Drop;
export function route(stage: ArrivalStage): AfterArrival;
export function route(stage: ConnectStage): AfterConnect;
export function route(stage: HelloStage): AfterHello;
export function route(stage: BytesStage): AfterBytes;
export function route(
  stage: StrangerStage | ArrivalStage | ConnectStage | HelloStage | BytesStage,
): AfterArrival | AfterConnect | AfterHello | AfterBytes {
  switch (stage.at) {
    case 'stranger':
      return routeStranger(stage);
    case 'arrival':
      return routeArrival(stage);
    case 'connect':
      return routeTunnel(stage);
    case 'hello':
      return routeHello(stage);
    case 'bytes':
      return routeBytes(stage);
  }
}

/** The destination of what is inside a TLS session: as known before it, else by the server name, which also names one of which only the address is known. */
export function destinationInside(
  outside: Destination | undefined,
  hello: ClientHello,
): Destination | undefined {
  const { serverName } = hello;
  if (outside !== undefined) {
    if (!isUnnamed(outside) || serverName === undefined) return { ...outside, secure: true };
    return { ...outside, host: serverName, secure: true, learnt: 'sni' };
  }
  // TLS to the port itself under one of our own names: an https proxy, and a CONNECT will follow.
  if (serverName === undefined || ownNames.has(serverName)) return undefined;
  return { host: serverName, port: 443, secure: true, learnt: 'sni' };
}

/**
 * The application protocol to choose (RFC 7301): what the server chose, where the client offers it
 * too; also one that nobody here speaks, for its bytes are then a raw stream. A server that chose
 * nothing speaks HTTP/1. Without a server to be asked, and for a client that would be left without
 * any, the best that the client and the wire both speak. `none` asked for none; nothing fits: the
 * handshake has to fail.
 */
export function chooseProtocol(
  offered: readonly string[],
  { offer, http2 }: { readonly offer: Offer | undefined; readonly http2: boolean },
): string | undefined {
  if (offered.length === 0) return 'none';
  const spoken = protocols.filter(
    (protocol) => offered.includes(protocol) && (http2 || protocol !== 'h2'),
  );
  const [best] = spoken;
  if (offer?.type !== 'terms') return best;
  const { alpn } = offer;
  if (alpn !== undefined && alpn !== 'h2' && offered.includes(alpn)) return alpn;
  const chosen = spoken.find((protocol) => protocol === (offer.alpn ?? 'http/1.1'));
  return chosen ?? spoken.find((protocol) => protocol !== 'h2') ?? best;
}

/** What the wire speaks, the best first; `http/1.0` is offered by `curl --http1.0`. */
const protocols = ['h2', 'http/1.1', 'http/1.0'] as const;

const ownNames: ReadonlySet<string> = new Set([ownHost, 'localhost', '127.0.0.1', '::1']);

function routeStranger(stage: StrangerStage): Refuse | Drop {
  const words = `the client ${stage.client} is not on the list`;
  if (stage.seen !== 'http') return drop(words);
  return refuse(new Failure('CLIENT_NOT_ALLOWED', words));
}

function routeTunnel(stage: ConnectStage): AfterConnect {
  if (stage.offer.type !== 'ended') return { to: 'accept' };
  const where = authorityOf(stage.destination);
  const { ending } = stage.offer;
  switch (ending.type) {
    case 'refused':
      return refuse(new Failure('UPSTREAM_REFUSED', `${where} refused the connection`));
    case 'timedOut':
      return refuse(new Failure('UPSTREAM_TIMED_OUT', `${where} could not be reached in time`));
    case 'dns':
      return refuse(new Failure('UPSTREAM_NAME_NOT_FOUND', `${where}: ${ending.code}`));
    case 'reset':
    case 'cut':
      return drop(`${where} ended the connection at once`);
    // The client is to meet these where it expects them, inside the tunnel.
    case 'tls':
    case 'finished':
    case 'closed':
    case 'goaway':
      return { to: 'accept' };
  }
}

function routeArrival({ untouched, loop, client }: ArrivalStage): AfterArrival {
  if (untouched === undefined) return { to: 'look' };
  return loop ? ownConnection(client) : { to: 'stream' };
}

/** Who knows of no proxy is not to meet one in place of a server that is not there. */
function routeHello({ captured, offer, untouched }: HelloStage): AfterHello {
  const gone = offer?.type === 'ended' && offer.ending.type !== 'tls';
  if (captured && gone) return { to: 'reset' };
  return { to: untouched === undefined ? 'secure' : 'stream' };
}

function ownConnection(client: string): Reset {
  const words = `${client} is a connection of this proxy's own that was led back to it; where the rules of the kernel did so, run it as the user and group that they exempt`;
  return { to: 'reset', failure: new Failure('DESTINATION_IS_PROXY', words) };
}

function routeBytes(stage: BytesStage): AfterBytes {
  const { seen, depth, known, client, loop, http2 } = stage;
  if (loop) return ownConnection(client);
  if (depth > depthMax) return drop(`more than ${depthMax} tunnels within one another`);
  switch (seen) {
    case 'http':
    case 'tls':
      return { to: seen };
    case 'http2':
      return http2 ? { to: 'http2' } : routeUnknown(seen, known);
    case 'brokenHello':
      return { to: 'alert', failure: new Failure('CLIENT_HELLO_BROKEN', `the client ${client}`) };
    case 'raw':
    case 'endedShort':
    case 'serverSpoke':
      return routeUnknown(seen, known);
    case 'endedSilent':
      return drop('the client ended without a word');
    case 'lost':
      return drop('the client has gone');
  }
}

function routeUnknown(seen: Seen, known: boolean): AfterBytes {
  return known ? { to: 'stream' } : drop(`a raw stream (${seen}) without a destination`);
}

function refuse(failure: Failure): Refuse {
  return { to: 'refuse', failure };
}

function drop(why: string): Drop {
  return { to: 'drop', why };
}
