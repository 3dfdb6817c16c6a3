import type { Untouched } from './arrival.ts';
import type { Body, Parts } from './conversation.ts';
import type { Destination } from './destination.ts';
import type { Headers } from './headers.ts';
import type { RequestHead, ResponseHead } from './http.ts';

interface Live {
  /** Unique within the run; stands in the log line. */
  readonly id: string;
  readonly destination: Destination;
  /** Milliseconds of `performance.now()` at which it began; parts count from here. */
  readonly startedAt: number;
  /** Aborts when the client has gone; the reason is the client's `Ending`. */
  readonly signal: AbortSignal;
}

/** An HTTP request in flight, or the handshake of a WebSocket. */
export interface HttpExchange extends Live {
  readonly kind: 'http' | 'websocket';
  readonly head: RequestHead;
  /** What the client says; for a WebSocket what it says after the 101, messages or raw bytes as the answer asks. */
  readonly body: Body;
  /** What the client says after a 101 other than a WebSocket's; there where it asks for one. */
  readonly upgraded?: Parts;
  /** The request's trailers, once its body has been read to the end. */
  readonly trailers: () => Headers;
  /** Passes an interim (1xx) head on to the client at once. */
  readonly inform: (head: ResponseHead) => void;
}

/** A connection whose bytes are nothing that magneto knows; or one where the server spoke first. */
export interface StreamExchange extends Live {
  readonly kind: 'stream';
  readonly body: Body;
  /** Set where it was not even looked at, or is TLS that is not to be opened. */
  readonly untouched?: Untouched;
}

/** Something live between a client and a destination. */
export type Exchange = HttpExchange | StreamExchange;
