import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Arrival } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf, isUnnamed } from '../exchange/destination.ts';
import type { Offer } from '../exchange/upstream.ts';
import { unmapped } from '../support/address-list.ts';
import type { Authority, Clients } from '../tls/tls.ts';
import { ownHost } from '../wire/wire.ts';
import type { ReadHello } from './client-hello.ts';
import { errorOf, hasSpoken } from './look.ts';
import type { Peeked } from './peek.ts';
import type { Recognised } from './recognise.ts';
import type { ClientRefusal, Left, Refusals, Shown } from './refusal.ts';
import { chooseProtocol } from './route.ts';
import { leftEarly, secure } from './secure.ts';

/** What TLS sessions with clients need. */
export interface EncryptedOptions {
  readonly authority: Pick<Authority, 'contextFor'>;
  readonly refusals: Refusals;
  /** Whether HTTP/2 is spoken with clients. */
  readonly http2: boolean;
  /** The name that clients were told an address for, if one was. */
  readonly nameAt: (address: string) => string | undefined;
  readonly onTlsRefused: (refusal: ClientRefusal) => void;
  readonly onLost: (where: string, error: unknown) => void;
}

/** A TLS session with a client, who may yet refuse the certificate. */
export interface Encrypted {
  readonly socket: TLSSocket;
  /** Until when leaving without a word means that the certificate was refused. */
  readonly refusableUntil: number;
  readonly shown: Shown;
}

/** A hello that is to be answered. */
export interface Asking {
  readonly arrival: Arrival;
  readonly read: ReadHello;
  /** What is inside the session; nothing where the client wants magneto itself. */
  readonly destination: Destination | undefined;
  /** What the certificate is for. */
  readonly name: string;
  /** When its destination began to be asked (`performance.now()`). */
  readonly askedAt: number;
  /** The terms of the destination, where there is one to be asked. */
  readonly offer: Offer | undefined;
}

/** A client that was kept waiting for its server this long may have given up, and is no refusal. */
const patienceMs = 1000;

const tls12 = 0x03_03;

/** Shows a client the certificate for the name that it asks for; nothing where there came no session of it. */
export async function openEncrypted(
  options: EncryptedOptions,
  { arrival, read, destination, name, askedAt, offer }: Asking,
): Promise<Encrypted | undefined> {
  const { socket } = arrival;
  const host = destination === undefined ? name : authorityOf(destination);
  const shown: Shown = { arrival, host, read };
  const secureContext = await options.authority.contextFor(name, clientsOf(read));
  if (socket.destroyed) {
    options.onLost('tls', new Error('the client has gone'));
    return undefined;
  }
  const waitedLong = performance.now() - askedAt > patienceMs;
  try {
    const protocol = chooseProtocol(read.hello.alpn, { offer, http2: options.http2 });
    return { ...(await secure(socket, { secureContext, protocol })), shown };
  } catch (error) {
    const left = !waitedLong && leftEarly(error);
    tellRefusal(options, shown, { error, left, when: 'during' });
    options.onLost('tls', error);
    return undefined;
  }
}

/**
 * The name that a client is shown a certificate for. Programs of old say no server name, and yet want
 * it in the certificate; those of today that say none were given an address.
 */
export function nameShown(
  options: EncryptedOptions,
  { arrival, read, destination }: Pick<Asking, 'arrival' | 'read' | 'destination'>,
): string {
  const learnt = clientsOf(read) === 'old' ? learntName(options, destination) : undefined;
  return read.hello.serverName ?? learnt ?? destination?.host ?? localAddress(arrival.socket);
}

function clientsOf({ marks }: ReadHello): Clients {
  return marks.version < tls12 ? 'old' : 'today';
}

function learntName(
  { nameAt }: EncryptedOptions,
  destination: Destination | undefined,
): string | undefined {
  return destination !== undefined && isUnnamed(destination) ? nameAt(destination.host) : undefined;
}

/**
 * Judges a session by its first look inside. Many clients check the certificate only after the
 * handshake (Node), or tell of it only then (TLS 1.3): they leave at once, with an alert, a reset or
 * without a word. Who speaks has taken it.
 */
export function judge(
  options: EncryptedOptions,
  { shown, refusableUntil }: Encrypted,
  peeked: Peeked<Recognised>,
): void {
  if (peeked.type === 'interrupted') return;
  if (hasSpoken(peeked)) return options.refusals.trusts(shown);
  const left = performance.now() <= refusableUntil;
  tellRefusal(options, shown, { error: errorOf(peeked), left, when: 'after' });
}

function tellRefusal(options: EncryptedOptions, shown: Shown, left: Left): void {
  const refusal = options.refusals.refusalIn(shown, left);
  if (refusal !== undefined) options.onTlsRefused(refusal);
}

/** The address that the client came to: what it verifies where it knows no name. */
function localAddress(socket: Duplex): string {
  const address = socket instanceof Socket ? socket.localAddress : undefined;
  return address === undefined ? ownHost : unmapped(address);
}
