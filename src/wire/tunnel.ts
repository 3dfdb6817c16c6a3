import type { Duplex } from 'node:stream';
import type { Arrival } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { parseAuthority } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import { endWith } from './farewell.ts';
import type { Listeners } from './malformed.ts';
import type { OwnAnswer } from './refuse.ts';
import { answerBytes, refusal } from './refuse.ts';

/** A CONNECT that waits for its answer. */
export interface Tunnel {
  /** The arrival inside the tunnel: its destination is the authority of the CONNECT. */
  readonly arrival: Arrival;
  /** Answers 200; the socket then belongs to whoever accepted. */
  readonly accept: () => void;
  /** Answers with the failure and ends the connection. */
  readonly refuse: (failure: Failure) => void;
}

/** What a CONNECT needs of the house. */
export interface TunnelOptions extends Listeners {
  readonly onConnect: (tunnel: Tunnel) => void;
  /** Whether a destination is one of our own listeners (a loop). */
  readonly isOwn: (destination: Destination) => boolean;
}

/** Where a CONNECT wants to go, and how it is answered in the protocol that it came in. */
export interface AskedTunnel {
  readonly authority: string;
  readonly accept: () => void;
  readonly refuse: (answer: OwnAnswer) => void;
}

/** A CONNECT of HTTP/1: the whole connection becomes the tunnel. */
export function askedOverHttp1(socket: Duplex, authority: string): AskedTunnel {
  return {
    authority,
    accept: () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'),
    refuse: (answer) => endWith(socket, answerBytes(answer)),
  };
}

/** Makes a tunnel of a CONNECT (RFC 9110, 9.3.6), or refuses it where its authority is none or our own. */
export function openTunnel(options: TunnelOptions, arrival: Arrival, asked: AskedTunnel): void {
  const { socket } = arrival;
  const { authority } = asked;
  socket.on('error', (error) => options.onLost('connect', error));
  const refuse = (failure: Failure): void => {
    options.onFailure(failure);
    asked.refuse(refusal(failure));
  };
  const where = parseAuthority(authority);
  if (where === undefined) {
    const words = `CONNECT ${JSON.stringify(authority)} is no host:port`;
    return refuse(new Failure('DESTINATION_UNKNOWN', words));
  }
  const destination: Destination = { ...where, secure: false, learnt: 'connect' };
  if (options.isOwn(destination)) {
    return refuse(new Failure('DESTINATION_IS_PROXY', `${authority} is this proxy`));
  }
  options.onConnect({
    arrival: { ...arrival, destination, depth: arrival.depth + 1 },
    accept: asked.accept,
    refuse,
  });
}
