import type { Socket } from 'node:net';
import type { OriginalDestinations } from '../capture/capture.ts';
import type { Arrival, Session } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { AddressList } from '../support/address-list.ts';
import { createAddressList, unmapped } from '../support/address-list.ts';
import { isOwnAddress } from '../support/interfaces.ts';
import { errorCode } from '../support/system-error.ts';
import type { Tunnel } from '../wire/wire.ts';
import type { Crowd, CrowdOptions } from './crowd.ts';
import { createCrowd } from './crowd.ts';
import type { Listener } from './listener.ts';
import { openListener } from './listener.ts';
import type { Passage, PassageOptions } from './passage.ts';
import { createPassage } from './passage.ts';
import { turnAway } from './stranger.ts';

export type { CrowdOptions } from './crowd.ts';
export type { Names } from './names.ts';
export { createNames } from './names.ts';
export type { ClientRefusal } from './refusal.ts';

/** What intake needs of the house. */
export interface IntakeOptions
  extends Omit<PassageOptions, Optional>,
    Partial<Pick<PassageOptions, Optional>> {
  /** The session that a client belongs to; where that has to be found out, it is not listened to meanwhile. */
  readonly session: (client: Arrival['client']) => Session | Promise<Session>;
  /** Addresses and CIDR ranges of those who may come in; loopback always may. */
  readonly allowClients: readonly string[];
  /** How many there may be at a time; any number where it is left out. */
  readonly crowd?: CrowdOptions;
  /** Asks the kernel where a redirected client wanted to go; absent where none is. */
  readonly originalDestination?: OriginalDestinations;
}

type Optional =
  | 'silenceMs'
  | 'http2'
  | 'isOwn'
  | 'isOwnSocket'
  | 'nameAt'
  | 'untouched'
  | 'likely'
  | 'onLoop'
  | 'onTlsRefused';

/** Where connections come in. */
export interface Intake {
  /**
   * Listens on one more address. Rejects with Failure PORT_TAKEN or LISTEN_FAILED, whose cause has
   * the code EADDRNOTAVAIL or EAFNOSUPPORT where the machine has no such address (IPv6 is off).
   */
  readonly listen: (host: string, port: number) => Promise<{ address: string; port: number }>;
  /** Takes an arrival in again, as if its socket had just come. */
  readonly reenter: (arrival: Arrival) => void;
  /** Answers a CONNECT that the wire has read, and takes in what is inside. */
  readonly connect: (tunnel: Tunnel) => void;
  /** Open sockets of clients. */
  readonly connections: number;
  /** Stops listening, ends silent and idle connections, and destroys those that are left after `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>;
}

const loopback: readonly string[] = ['127.0.0.0/8', '::1'];
const anyNumber: CrowdOptions = {
  connectionsMax: Number.POSITIVE_INFINITY,
  filesMax: undefined,
  onCrowded: () => {},
};
/** Short enough for people not to notice, long enough for the first packet of a slow client. */
const silenceMsDefault = 250;

interface Context {
  readonly options: IntakeOptions;
  readonly passage: Passage;
  readonly guests: AddressList;
  readonly crowd: Crowd;
  readonly sockets: Set<Socket>;
}

/** Makes an intake that listens nowhere yet. */
export function createIntake(options: IntakeOptions): Intake {
  const passage = createPassage({
    silenceMs: silenceMsDefault,
    http2: true,
    isOwn: () => false,
    isOwnSocket: () => false,
    nameAt: () => undefined,
    untouched: () => undefined,
    likely: () => undefined,
    onLoop: () => {},
    onTlsRefused: () => {},
    ...options,
  });
  const guests = createAddressList([...loopback, ...options.allowClients]);
  const crowd = createCrowd(options.crowd ?? anyNumber);
  const context: Context = { options, passage, guests, crowd, sockets: new Set() };
  const listeners: Listener[] = [];
  return {
    async listen(host, port) {
      const ipv6Only = listeners.some(
        (other) => other.port === port && !other.address.includes(':'),
      );
      const listener = await openListener(
        { host, port, ipv6Only },
        {
          socket: (socket) => accept(context, socket),
          error: (error) => options.onLost('listen', exhausted(error) ?? error),
        },
      );
      listeners.push(listener);
      return { address: listener.address, port: listener.port };
    },
    reenter: passage.enter,
    connect: passage.connect,
    get connections() {
      return context.sockets.size;
    },
    close: (graceMs) => close(context, listeners, graceMs),
  };
}

/** The system had no file left for a connection: others are served all the same, and the next may do. */
function exhausted(error: Error): Failure | undefined {
  const code = errorCode(error);
  if (code !== 'EMFILE' && code !== 'ENFILE') return undefined;
  return new Failure('TOO_MANY_CONNECTIONS', `no file is left for a connection (${code})`);
}

function accept(context: Context, socket: Socket): void {
  const { options, passage, guests, crowd, sockets } = context;
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) {
    // It came and went before we could look.
    socket.on('error', () => {}).destroy();
    return;
  }
  const destination = capturedDestination(options, socket);
  if (!crowd.admits(socket, sockets.size, destination !== undefined)) return;
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  const address = unmapped(remoteAddress);
  const client = { address, port: remotePort };
  // Who is captured here, whatever its address, is no stranger.
  const isNeighbour = destination !== undefined && isOwnAddress(address);
  if (!guests.has(address) && !isNeighbour) {
    void refuseStranger(context, socket, client);
    return;
  }
  const enter = (session: Session): void =>
    passage.enter({
      socket,
      client,
      session,
      depth: 0,
      reset: () => socket.resetAndDestroy(),
      ...(destination !== undefined && { destination }),
    });
  const session = options.session(client);
  if (session instanceof Promise) void enterLater(context, socket, session.then(enter));
  else enter(session);
}

async function enterLater(context: Context, socket: Socket, entered: Promise<void>): Promise<void> {
  // Until it is taken in, an error would find no listener and end the process.
  socket.on('error', () => {});
  try {
    await entered;
  } catch (error) {
    context.options.onLost('session', error);
    socket.destroy();
  }
}

/** Where the kernel says that a client wanted to go; nothing where it wanted to come here, as an explicit one does. */
function capturedDestination(options: IntakeOptions, socket: Socket): Destination | undefined {
  const original = options.originalDestination?.(socket);
  if (original === undefined) return undefined;
  const { address, port } = original;
  const came = socket.localPort === port && unmapped(socket.localAddress ?? '') === address;
  return came ? undefined : { host: address, port, secure: false, address };
}

async function refuseStranger(
  context: Context,
  socket: Socket,
  client: Arrival['client'],
): Promise<void> {
  try {
    const name = authorityOf({ host: client.address, port: client.port });
    const next = await turnAway(socket, name);
    context.options.onLost('client', next.to === 'refuse' ? next.failure : new Error(next.why));
  } catch (error) {
    context.options.onLost('client', error);
    socket.destroy();
  }
}

async function close(
  context: Context,
  listeners: readonly Listener[],
  graceMs: number,
): Promise<void> {
  const { options, passage, sockets } = context;
  const closed = Promise.all(
    listeners.map(
      ({ server }) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
        }),
    ),
  );
  for (const socket of passage.silent) socket.end();
  options.wire.drain();
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(timer);
}
