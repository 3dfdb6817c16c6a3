import type { Body, Ending } from './conversation.ts';
import type { Destination } from './destination.ts';
import type { Exchange } from './exchange.ts';
import type { Failure } from './failure.ts';
import type { ResponseHead } from './http.ts';
import type { Truncated } from './interaction.ts';

/**
 * What became of an exchange, for journal, log, metrics and receipt; `live` went to a live neighbour,
 * `faulted` was answered by a fault on purpose.
 */
export type Outcome =
  | 'forwarded'
  | 'recorded'
  | 'replayed'
  | 'repeated'
  | 'missed'
  | 'failed'
  | 'live'
  | 'faulted';

/** What a client's TLS hello asked for (RFC 8446, 4.1.2). */
export interface ClientHello {
  /** Lower-case server name; nothing where the client sent none. */
  readonly serverName?: string;
  readonly alpn: readonly string[];
}

/** What is known of a destination before an exchange begins, or how the attempt ended. */
export type Offer =
  | {
      readonly type: 'terms';
      /** The protocol that the server chose (RFC 7301). */
      readonly alpn?: string;
      /** Whether it takes WebSockets over HTTP/2 (RFC 8441). */
      readonly connectProtocol?: boolean;
      /** Settles when the server sends bytes before the client did; only the network knows. */
      readonly serverSpoke?: Promise<void>;
    }
  | {
      readonly type: 'ended';
      readonly ending: Ending;
      /** What became of the attempt; left out by the network, whose attempts are simply live. */
      readonly outcome?: Outcome;
      /** Recorded time that the attempt took, in milliseconds; only `latency` waits it out. */
      readonly delayMs?: number;
    }
  /** Nobody has heard of the destination (a replay miss in waiting): accept, and refuse inside the protocol. */
  | { readonly type: 'unknown' };

/** An answer to an exchange: a head, parts, one ending. */
export interface Answer {
  /** Absent where it ended before a head came, and for raw streams. */
  readonly head?: ResponseHead;
  readonly body: Body;
  /** How the server's side ended; settles only after the body was read to its end. */
  readonly ending: Ending | Promise<Ending>;
  readonly outcome: Outcome;
  /** The protocol that was negotiated in TLS (RFC 7301), where a raw stream lies in it. */
  readonly alpn?: string;
  /** Recorded pause before the head, in milliseconds; only `latency` waits it out. */
  readonly delayMs?: number;
  /** Recorded pause between the head and the end of a body that is whole in memory, in milliseconds. */
  readonly bodyDelayMs?: number;
  /** Recorded pause between what was said last and the ending, in milliseconds; only `latency` waits it out. */
  readonly endDelayMs?: number;
  /** Whether the parts of its body are the pieces in which a server said it, rather than of any size. */
  readonly streamed?: boolean;
  /**
   * After a 101: `raw`, both sides are bytes that the wire relays untouched; `messages`, they are
   * WebSocket messages, and the wire does the framing.
   */
  readonly framing?: 'raw' | 'messages';
  /** Interaction that answered, where one did. */
  readonly interaction?: string;
  /** The faults on purpose that it met, their names with a space between. */
  readonly fault?: string;
  /** Why less was recorded than passed, or is replayed than there was; read when it has ended. */
  readonly truncated?: Truncated | undefined;
  /** Set where it is a range cut out of a longer answer that was recorded. */
  readonly range?: 'cut';
  /** Set where magneto itself could not do it: the wire refuses inside the protocol. */
  readonly failure?: Failure | undefined;
}

/** Whatever answers a client: the network, a cassette, or one of them wrapped. */
export interface Upstream {
  /** Asked before an exchange can begin: before a CONNECT is answered, and between a TLS hello and its answer. */
  readonly offer: (destination: Destination, hello?: ClientHello) => Promise<Offer>;
  /** Never rejects for what the network or a cassette did: that is an ending or a failure in the answer. */
  readonly open: (exchange: Exchange) => Promise<Answer>;
}
