/** How long something takes, in milliseconds: the same each time, or drawn from a distribution. */
export type Distribution =
  | { readonly shape: 'fixed'; readonly ms: number }
  | { readonly shape: 'uniform'; readonly leastMs: number; readonly mostMs: number }
  | { readonly shape: 'normal'; readonly meanMs: number; readonly deviationMs: number }
  /** The logarithm is normal: half of all are below the median, and a few far above it. */
  | { readonly shape: 'lognormal'; readonly medianMs: number; readonly sigma: number };

/** What is done to an exchange on purpose. */
export type FaultEffect =
  /** A pause before the head of the answer. */
  | { readonly type: 'latency'; readonly of: Distribution }
  /** The connection is refused. */
  | { readonly type: 'refuse' }
  /** The connection is reset: before the head, or after so many bytes of the body. */
  | { readonly type: 'reset'; readonly afterBytes?: number }
  /** No answer comes for as long as the client waits. */
  | { readonly type: 'timeout' }
  /** An answer of this status takes the place of the real one. */
  | { readonly type: 'status'; readonly status: number }
  /** A gRPC status without messages takes the place of the real answer. */
  | { readonly type: 'grpc'; readonly status: number }
  /** The HTTP/2 stream is reset with an error code (RFC 9113, 7); over HTTP/1 the connection. */
  | { readonly type: 'rst'; readonly code: number }
  /** The HTTP/2 server goes away without taking the stream; over HTTP/1 the connection is closed. */
  | { readonly type: 'goaway'; readonly code: number }
  /** The body ends after so many bytes, and the connection with it. */
  | { readonly type: 'truncate'; readonly afterBytes: number }
  /** The body comes at this speed. */
  | { readonly type: 'bandwidth'; readonly bytesPerSecond: number }
  /** The body comes in pieces of at most so many bytes, with a pause between them. */
  | { readonly type: 'slice'; readonly bytes: number; readonly pauseMs: number }
  /** The end of the answer waits. */
  | { readonly type: 'slowclose'; readonly ms: number };

/** An effect, and how often it comes. */
export interface Fault {
  readonly effect: FaultEffect;
  /** Of a hundred exchanges. */
  readonly percent: number;
}

/** What is done to the exchanges of a route. */
export interface FaultRule {
  /** A host pattern, with a port or without (`api.example.org`, `*.example.org:8443`, `*`). */
  readonly hosts: string;
  /** A path in which `*` stands for any text; nothing for every path. */
  readonly path?: string;
  readonly faults: readonly Fault[];
}
