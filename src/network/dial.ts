import type { Socket } from 'node:net';
import { connect as connectTcp, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { clientEnding } from '../exchange/client-left.ts';
import type { Ending } from '../exchange/conversation.ts';
import { Failure } from '../exchange/failure.ts';
import { codeOf, endingOfDial, endingOfHandshake, Unreachable } from './endings.ts';
import type { Trust } from './trust.ts';

/** An attempt to connect, which is given up when its client has gone. */
export interface Attempt {
  readonly signal?: AbortSignal | undefined;
  /** Told of the TCP socket before it is connected, so that whoever counts sockets can close it. */
  readonly track?: ((socket: Socket) => void) | undefined;
  /** Whether an address and port are a listener of our own, which to dial would be a loop. */
  readonly isOwn?: IsOwn | undefined;
}

/** Tells our own listeners by address and port. */
export type IsOwn = (end: { readonly address: string; readonly port: number }) => boolean;

/** What a TLS handshake asks for. */
export interface Handshake extends Attempt {
  /** The name the certificate must bear, and the server name of the hello unless it is an IP address. */
  readonly name: string;
  /** The protocols offered (RFC 7301); with none the extension is left out. */
  readonly alpn: readonly string[];
  readonly trust: Trust;
}

/** How an attempt ends that was broken off from our side. */
const givenUp: Ending = { type: 'cut', by: 'client' };

/** Probes start after a minute of silence: a peer that vanished without a word is found, a slow one is not disturbed. */
const probeAfterMs = 60_000;

/**
 * Dials host and port over TCP, trying the addresses of a name as Node does (RFC 8305).
 * @throws Unreachable with the ending; Failure DIAL_FAILED where this machine is at fault,
 * DESTINATION_IS_PROXY where it led to a listener of our own.
 */
export async function dial(
  target: { readonly host: string; readonly port: number },
  { signal, track, isOwn }: Attempt = {},
): Promise<Socket> {
  const socket = connectTcp({
    host: target.host,
    port: target.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: probeAfterMs,
    // The client decides when its own side ends, not the end of the server's.
    allowHalfOpen: true,
  });
  // Stays for the life of the socket: between two owners an error must not find nobody there.
  socket.on('error', () => {});
  track?.(socket);
  try {
    await established(socket, { event: 'connect', signal });
  } catch (cause) {
    if (cause instanceof Unreachable) throw cause;
    const ending = endingOfDial(cause);
    if (ending !== undefined) throw new Unreachable(ending, cause);
    const code = codeOf(cause) ?? String(cause);
    throw new Failure('DIAL_FAILED', `${target.host} port ${target.port}: ${code}`, { cause });
  }
  // Known only now: a name, or a rule of the kernel, may lead here as well as an address.
  const { remoteAddress: address, remotePort: port } = socket;
  if (address !== undefined && port !== undefined && isOwn?.({ address, port }) === true) {
    socket.destroy();
    const words = `${target.host} port ${target.port} leads to this proxy`;
    throw new Failure('DESTINATION_IS_PROXY', words);
  }
  return socket;
}

/**
 * Does the TLS handshake on a connection; destroys it where that fails.
 * @throws Unreachable with the ending.
 */
export async function secure(socket: Socket, handshake: Handshake): Promise<TLSSocket> {
  const { name, alpn, trust, signal } = handshake;
  const encrypted = connectTls({
    socket,
    // Server names are never addresses (RFC 6066, 3).
    ...(isIP(name) === 0 && { servername: name }),
    host: name,
    secureContext: trust.context(name),
    rejectUnauthorized: trust.verifies(name),
    ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
  });
  try {
    await established(encrypted, { event: 'secureConnect', signal });
  } catch (cause) {
    socket.destroy();
    if (cause instanceof Unreachable) throw cause;
    throw new Unreachable(endingOfHandshake(cause), cause);
  }
  return encrypted;
}

/** Waits until a socket is ready; destroys it on an error, and when the client has gone. */
function established(
  socket: Socket,
  { event, signal }: Attempt & { readonly event: 'connect' | 'secureConnect' },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      socket.off(event, ready);
      socket.off('close', closed);
      signal?.removeEventListener('abort', closed);
      if (error === undefined) {
        socket.off('error', settle);
        resolve();
        return;
      }
      // The listener for errors stays: a socket may fail twice.
      socket.destroy();
      reject(error);
    };
    const ready = (): void => settle();
    const closed = (): void =>
      settle(new Unreachable(signal === undefined ? givenUp : clientEnding(signal), undefined));
    socket.on(event, ready);
    socket.on('error', settle);
    socket.on('close', closed);
    signal?.addEventListener('abort', closed);
    if (signal?.aborted === true) closed();
  });
}
