import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Arrival, Likely, Redirected } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { ClientHello, Offer } from '../exchange/upstream.ts';
import { errorWords } from '../support/system-error.ts';
import type { Authority } from '../tls/tls.ts';
import type { Tunnel, Wire } from '../wire/wire.ts';
import { ownHost } from '../wire/wire.ts';
import { decodeErrorAlert, farewell, unrecognizedNameAlert } from './farewell.ts';
import { look, seenOf, wholeSocket } from './look.ts';
import { isLoop } from './loop.ts';
import type { Peeked } from './peek.ts';
import type { Recognised } from './recognise.ts';
import { destinationInside, route } from './route.ts';
import { isCertificateAlert, isRefusal, secure } from './secure.ts';
import { askInSilence, askTerms, isCaptured } from './terms.ts';
import type { AskUntouched } from './untouched.ts';
import { passUnseen, passUntouched } from './untouched.ts';

/** What the way from a socket to the wire needs. */
export interface PassageOptions {
  readonly authority: Pick<Authority, 'contextFor' | 'refusal'>;
  readonly wire: Wire;
  /** Milliseconds of a client's silence after which its destination is dialled, if that is known. */
  readonly silenceMs: number;
  /** Whether a destination is one of our own listeners (a loop). */
  readonly isOwn: (destination: Destination) => boolean;
  /** Whether a client is a connection of our own, that the kernel has redirected to us (a loop). */
  readonly isOwnSocket: (connection: Redirected) => boolean;
  /** Says whose connections are passed on as they are. */
  readonly untouched: AskUntouched;
  /** Whether a destination is likely to be one of those, so that neither side is kept waiting for the other. */
  readonly likely: (destination: Destination) => Likely | undefined;
  /** Told of such a loop. */
  readonly onLoop: (failure: Failure) => void;
  /** Told of connections that were lost, and where; for the log at debug. */
  readonly onLost: (where: string, error: unknown) => void;
  /** Told of clients that do not trust the certificate, and of the host that they wanted. */
  readonly onTlsRefused: (failure: Failure, host: string) => void;
}

/** The way of an arrival to the wire, through any tunnels and TLS sessions. */
export interface Passage {
  /** Brings an arrival to the wire; the socket's errors are taken care of from here on. */
  readonly enter: (arrival: Arrival) => void;
  /** Answers a CONNECT, and brings what is inside to the wire. */
  readonly connect: (tunnel: Tunnel) => void;
  /** Sockets whose client has said nothing yet. */
  readonly silent: ReadonlySet<Duplex>;
}

/** What a connection learnt on its way so far, besides what its arrival says. */
interface Background {
  /** The terms of its destination, where they were asked for already. */
  readonly offer?: Offer;
  /** Inside a TLS session: until when leaving without a word means that its certificate was refused. */
  readonly session?: { readonly refusableUntil: number; readonly host: string };
}

interface Context extends PassageOptions {
  readonly silent: Set<Duplex>;
}

/** Makes the passage: look, let `route` decide, then hand over to the wire or come round again, one level in. */
export function createPassage(options: PassageOptions): Passage {
  const context: Context = { ...options, silent: new Set() };
  return {
    enter: (arrival) => enter(context, arrival, {}),
    connect(tunnel) {
      openTunnel(context, tunnel).catch((error: unknown) => {
        lose(context, tunnel.arrival.socket, error);
      });
    },
    silent: context.silent,
  };
}

function enter(context: Context, arrival: Arrival, background: Background): void {
  // Between two owners of a socket, an error would find no listener and end the process.
  arrival.socket.on('error', () => {});
  pass(context, arrival, background).catch((error: unknown) => {
    lose(context, arrival.socket, error);
  });
}

async function pass(context: Context, arrival: Arrival, background: Background): Promise<void> {
  const { socket, destination } = arrival;
  const known = destination !== undefined && !context.isOwn(destination);
  const cameMs = performance.now();
  // Asked late: a socket of ours is known as such once it has something to say.
  const loop = (): boolean => isLoop(arrival, cameMs, context.isOwnSocket);
  // What was TLS is open by now.
  const untouched = known && !destination.secure ? context.untouched(destination) : undefined;
  const { offer } = background;
  if (await passUnseen(context, arrival, { client: client(arrival), untouched, offer, loop }))
    return;
  const likely = known ? context.likely(destination) : undefined;
  const peeked = await look(arrival, {
    offer,
    ask:
      known && !loop()
        ? () => askInSilence(arrival, { destination, likely, isOwn: context.isOwn })
        : undefined,
    silenceMs: context.silenceMs,
    likely,
    silent: context.silent,
  });
  tellLateRefusal(context, { arrival, background, peeked });
  const seen = seenOf(peeked);
  const { depth } = arrival;
  const next = route({ at: 'bytes', seen, known, depth, loop: loop(), client: client(arrival) });
  switch (next.to) {
    case 'http':
      return context.wire.http(arrival);
    case 'tls':
      return enterTls(context, arrival, helloOf(peeked));
    case 'stream':
      return context.wire.stream({ ...arrival, socket: wholeSocket(socket, peeked) });
    case 'alert':
      context.onLost('tls', next.failure);
      return farewell(socket, decodeErrorAlert);
    case 'reset':
      context.onLoop(next.failure);
      return arrival.reset();
    case 'drop':
      return lose(context, socket, errorOf(peeked) ?? new Error(next.why));
  }
}

/** Ends the TLS session of a client, and enters again with what is inside. */
async function enterTls(context: Context, arrival: Arrival, hello: ClientHello): Promise<void> {
  const destination = destinationInside(arrival.destination, hello);
  const untouched = destination && context.untouched(destination, hello);
  if (destination !== undefined && untouched !== undefined) {
    return passUntouched(context, { ...arrival, destination, untouched });
  }
  const name = hello.serverName ?? destination?.host ?? localAddress(arrival.socket);
  const outside = context.authority.refusal(name);
  if (outside !== undefined) {
    context.onLost('tls', outside);
    return farewell(arrival.socket, unrecognizedNameAlert);
  }
  const offer =
    destination && (await askTerms(arrival, { destination, hello, isOwn: context.isOwn }));
  const next = route({ at: 'hello', captured: isCaptured(arrival), offer });
  if (next.to === 'reset') return arrival.reset();
  const host = destination === undefined ? name : authorityOf(destination);
  const secureContext = await context.authority.contextFor(name);
  if (arrival.socket.destroyed) return context.onLost('tls', new Error('the client has gone'));
  const session = await secure(arrival.socket, hello, secureContext).catch((error: unknown) => {
    if (isRefusal(error)) tellRefusal(context, arrival, { host, error });
    context.onLost('tls', error);
    return undefined;
  });
  if (session === undefined) return;
  const inside: Arrival = { ...arrival, socket: session.socket, depth: arrival.depth + 1 };
  enter(context, destination === undefined ? inside : { ...inside, destination }, {
    session: { refusableUntil: session.refusableUntil, host },
    ...(offer !== undefined && { offer }),
  });
}

async function openTunnel(context: Context, tunnel: Tunnel): Promise<void> {
  const { arrival } = tunnel;
  const { socket, destination } = arrival;
  if (destination === undefined) throw new TypeError('a CONNECT without a destination');
  const offer = await askTerms(arrival, { destination, isOwn: context.isOwn });
  if (socket.destroyed) return context.onLost('connect', new Error('the client has gone'));
  const next = route({ at: 'connect', destination, offer });
  switch (next.to) {
    case 'accept':
      tunnel.accept();
      return enter(context, arrival, { offer });
    case 'refuse':
      return tunnel.refuse(next.failure);
    case 'drop':
      return lose(context, socket, new Error(next.why));
  }
}

/**
 * Many clients check the certificate only after the handshake (Node), or tell of it only then
 * (TLS 1.3): they leave at once, with an alert, a reset or without a word.
 */
function tellLateRefusal(
  context: Context,
  left: {
    readonly arrival: Arrival;
    readonly background: Background;
    readonly peeked: Peeked<Recognised>;
  },
): void {
  const { arrival, background, peeked } = left;
  const { session } = background;
  if (session === undefined || (peeked.type !== 'lost' && peeked.type !== 'ended')) return;
  const error = errorOf(peeked);
  const silent = peeked.type === 'lost' ? !peeked.heard : peeked.bytes.length === 0;
  const atOnce = performance.now() <= session.refusableUntil;
  if (!isCertificateAlert(error) && !(silent && atOnce)) return;
  tellRefusal(context, arrival, { host: session.host, error });
}

/** No proof, and said as none: a probe that only looks whether TLS answers does the same. */
const leftAtOnce = 'it left right after the handshake, as clients do that do not trust it';

function tellRefusal(
  context: Context,
  arrival: Arrival,
  refused: { readonly host: string; readonly error: unknown },
): void {
  const { host, error } = refused;
  const how = error === undefined ? leftAtOnce : errorWords(error);
  const detail = `the client ${client(arrival)} refused the certificate for ${host}: ${how}`;
  const failure = new Failure('CLIENT_REJECTED_CERTIFICATE', detail, { cause: error });
  context.onTlsRefused(failure, host);
}

function lose(context: Context, socket: Duplex, error: unknown): void {
  context.onLost('intake', error);
  socket.destroy();
}

function helloOf(peeked: Peeked<Recognised>): ClientHello {
  if (peeked.type === 'judged' && peeked.value.kind === 'tls') return peeked.value.hello;
  throw new TypeError('TLS without a hello');
}

function errorOf(peeked: Peeked<Recognised>): Error | undefined {
  return peeked.type === 'lost' ? peeked.error : undefined;
}

function client(arrival: Arrival): string {
  return authorityOf({ host: arrival.client.address, port: arrival.client.port });
}

/** The address that the client came to: what it verifies where it knows no name. */
function localAddress(socket: Duplex): string {
  const address = socket instanceof Socket ? socket.localAddress : undefined;
  return address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? ownHost;
}
