import type { Headers } from './headers.ts';

/** Who did something: the side that opened the socket to us, or the one that answers. */
export type Side = 'client' | 'server';

/** `data`: bytes of a body or a raw stream; the rest: WebSocket messages, whole and unmasked. */
export type PartKind = 'data' | 'text' | 'binary' | 'ping' | 'pong';

/** One piece of what a side said. */
export interface Part {
  /** Milliseconds since the exchange began. */
  readonly atMs: number;
  readonly kind: PartKind;
  readonly bytes: Buffer;
  /** Recorded pause before it, in milliseconds since what either side said last; only `latency` waits it out. */
  readonly delayMs?: number;
}

/** What a side says, piece by piece. It ends quietly however it ended: the `Ending` says how. */
export type Parts = AsyncIterable<Part>;

/** A body: absent, whole in memory (the fast path), or in parts. An empty buffer is an empty body, not an absent one. */
export type Body = Buffer | Parts | undefined;

/** How an exchange ended; each has exactly one. An ending is traffic, never a failure of ours. */
export type Ending =
  | { readonly type: 'finished'; readonly trailers: Headers }
  /** A WebSocket close handshake (RFC 6455, 7.1.5): code 1005 where the frame had none. */
  | { readonly type: 'closed'; readonly by: Side; readonly code: number; readonly reason: string }
  /** TCP RST; or an HTTP/2 stream reset (RST_STREAM), with its error code. */
  | { readonly type: 'reset'; readonly by: Side; readonly code?: number }
  /** An HTTP/2 server went away without taking this stream (GOAWAY; RFC 9113, 6.8), with its error code. */
  | { readonly type: 'goaway'; readonly code: number }
  /** The connection ended in order, but before the message was whole. By the client: it gave up waiting. */
  | { readonly type: 'cut'; readonly by: Side }
  | { readonly type: 'refused' }
  | { readonly type: 'timedOut' }
  /** The TLS handshake with the server failed; OpenSSL's or Node's code and words. */
  | { readonly type: 'tls'; readonly code: string; readonly reason: string }
  /** The name could not be resolved; the resolver's code (`ENOTFOUND`, `EAI_AGAIN`). */
  | { readonly type: 'dns'; readonly code: string };

/** Every type of ending, for readers of cassettes. */
export const endingTypes = [
  'finished',
  'closed',
  'reset',
  'goaway',
  'cut',
  'refused',
  'timedOut',
  'tls',
  'dns',
] as const satisfies readonly Ending['type'][];

/** The ending of a message that came whole, without trailers. */
export const finished: Ending = { type: 'finished', trailers: [] };
