import type { Duplex } from 'node:stream';
import type { Destination } from './destination.ts';
import type { Resolver } from './dns.ts';
import type { Upstream } from './upstream.ts';

/** A cassette, its cursors and its mode, for those clients that belong to it: seen from the wire, an upstream. */
export interface Session {
  readonly name: string;
  /** The upstream of the mode in force; read anew for each exchange, so that changing the mode is replacing one reference. */
  readonly upstream: Upstream;
  /** Answers questions for names, where those are captured. */
  readonly resolver?: Resolver;
}

/** Why a connection is passed on as it is: a neighbour that stays live, TLS that is not to be opened, or a port that carries no HTTP. */
export type Untouched = 'live' | 'passthrough' | 'opaque';

/**
 * How likely bytes to an address are a live neighbour's: the address was told for such a neighbour
 * alone, or for other hosts as well.
 */
export type Likely = 'alone' | 'shared';

/** An accepted socket plus what is known of it so far. */
export interface Arrival {
  readonly socket: Duplex;
  /** The client's address and port. */
  readonly client: { readonly address: string; readonly port: number };
  readonly session: Session;
  /** Known after CONNECT, from a TLS server name, or from the kernel; plain proxy requests name it one by one. */
  readonly destination?: Destination;
  /** Set where its bytes are passed on as they are. */
  readonly untouched?: Untouched;
  /** How many CONNECT tunnels and TLS sessions lie around this one. */
  readonly depth: number;
  /** Ends the client's TCP connection with a RST, whatever lies around it. */
  readonly reset: () => void;
}

/** A connection that the kernel has led to us: who opened it, where it was going, and when it came. */
export interface Redirected {
  readonly from: Arrival['client'];
  readonly to: { readonly address: string; readonly port: number };
  /** As `performance.now` has it. */
  readonly cameMs: number;
}
