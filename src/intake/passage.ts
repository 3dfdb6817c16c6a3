import type { Duplex } from 'node:stream';
import type { Arrival, Likely, Redirected } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { Failure } from '../exchange/failure.ts';
import type { Offer } from '../exchange/upstream.ts';
import type { Authority } from '../tls/tls.ts';
import type { Tunnel, Wire } from '../wire/wire.ts';
import type { ReadHello } from './client-hello.ts';
import type { Encrypted } from './encrypted.ts';
import { judge, nameShown, openEncrypted } from './encrypted.ts';
import { decodeErrorAlert, farewell, unrecognizedNameAlert } from './farewell.ts';
import { errorOf, look, seenOf, wholeSocket } from './look.ts';
import { isLoop } from './loop.ts';
import type { Peeked } from './peek.ts';
import type { Recognised } from './recognise.ts';
import type { ClientRefusal, Refusals } from './refusal.ts';
import { createRefusals } from './refusal.ts';
import { destinationInside, route } from './route.ts';
import { askInSilence, askTerms, isCaptured, withToldName } from './terms.ts';
import type { AskUntouched } from './untouched.ts';
import { passUnseen, passUntouched } from './untouched.ts';

/** What the way from a socket to the wire needs. */
export interface PassageOptions {
  readonly authority: Pick<Authority, 'contextFor' | 'refusal' | 'certificateFile'>;
  readonly wire: Wire;
  /** Whether HTTP/2 is spoken with clients. */
  readonly http2: boolean;
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
  /** The name that clients were told an address for, if one was. */
  readonly nameAt: (address: string) => string | undefined;
  /** Told of such a loop. */
  readonly onLoop: (failure: Failure) => void;
  /** Told of connections that were lost, and where; for the log at debug. */
  readonly onLost: (where: string, error: unknown) => void;
  /** Told of clients that do not trust the certificate. */
  readonly onTlsRefused: (refusal: ClientRefusal) => void;
  /** The folder of the trust kit, as clients see it, to name in a remedy; nothing where there is none. */
  readonly trustDir?: string | undefined;
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
  readonly encrypted?: Encrypted;
}

interface Context extends PassageOptions {
  readonly silent: Set<Duplex>;
  readonly refusals: Refusals;
}

/** Makes the passage: look, let `route` decide, then hand over to the wire or come round again, one level in. */
export function createPassage(options: PassageOptions): Passage {
  const refusals = createRefusals({
    certificateFile: options.authority.certificateFile,
    trustDir: options.trustDir,
  });
  const context: Context = { ...options, silent: new Set(), refusals };
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
  const { socket, destination, depth } = arrival;
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
  if (background.encrypted !== undefined) judge(context, background.encrypted, peeked);
  const seen = seenOf(peeked);
  const next = route({
    at: 'bytes',
    seen,
    known,
    depth,
    loop: loop(),
    client: client(arrival),
    http2: context.http2,
  });
  switch (next.to) {
    case 'http':
      return context.wire.http(arrival);
    case 'http2':
      return context.wire.http2(arrival, offer);
    case 'tls':
      return enterTls(context, arrival, { read: helloOf(peeked), offer });
    case 'stream':
      return passRaw(context, { ...arrival, socket: wholeSocket(socket, peeked) });
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

function passRaw({ wire, nameAt }: Context, arrival: Arrival): void {
  wire.stream(withToldName(arrival, nameAt));
}

/** Ends the TLS session of a client, and enters again with what is inside. */
async function enterTls(
  context: Context,
  arrival: Arrival,
  { read, offer: known }: { readonly read: ReadHello; readonly offer: Offer | undefined },
): Promise<void> {
  const { hello } = read;
  const destination = destinationInside(arrival.destination, hello);
  const untouched = destination && context.untouched(destination, hello);
  if (destination !== undefined && untouched !== undefined) {
    return passUntouched(context, { ...arrival, destination, untouched }, known);
  }
  const name = nameShown(context, { arrival, read, destination });
  const outside = context.authority.refusal(name);
  if (outside !== undefined) {
    context.onLost('tls', outside);
    return farewell(arrival.socket, unrecognizedNameAlert);
  }
  const askedAt = performance.now();
  const offer =
    destination && (await askTerms(arrival, { destination, hello, isOwn: context.isOwn }));
  const next = route({ at: 'hello', captured: isCaptured(arrival), offer });
  if (next.to === 'reset') return arrival.reset();
  const asking = { arrival, read, destination, name, askedAt, offer };
  const encrypted = await openEncrypted(context, asking);
  if (encrypted === undefined) return;
  const inside: Arrival = { ...arrival, socket: encrypted.socket, depth: arrival.depth + 1 };
  enter(context, destination === undefined ? inside : { ...inside, destination }, {
    encrypted,
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

function lose(context: Context, socket: Duplex, error: unknown): void {
  context.onLost('intake', error);
  socket.destroy();
}

function helloOf(peeked: Peeked<Recognised>): ReadHello {
  if (peeked.type === 'judged' && peeked.value.kind === 'tls') return peeked.value;
  throw new TypeError('TLS without a hello');
}

function client(arrival: Arrival): string {
  return authorityOf({ host: arrival.client.address, port: arrival.client.port });
}
