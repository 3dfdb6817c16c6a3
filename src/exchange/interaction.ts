import type { Ending, PartKind, Side } from './conversation.ts';
import type { Destination } from './destination.ts';
import type { DnsFinding } from './dns.ts';
import type { Headers } from './headers.ts';
import type { ResponseHead } from './http.ts';

/** A request as it stands in a cassette. */
export interface RecordedRequest {
  readonly method: string;
  readonly destination: Destination;
  /** Path and query. */
  readonly path: string;
  readonly httpVersion: string;
  readonly headers: Headers;
  /** The bytes of the wire, content encoding kept; absent and empty are two things. */
  readonly body?: Buffer;
  readonly trailers?: Headers;
  /** True where the answer came before the body was whole, or the body passed the limit: matched by its head alone. */
  readonly partial?: boolean;
}

/** A response as it stands in a cassette. */
export interface RecordedResponse {
  readonly status: number;
  readonly statusText: string;
  readonly httpVersion: string;
  readonly headers: Headers;
  readonly body?: Buffer;
  /** Interim (1xx) heads, with milliseconds since the exchange began. */
  readonly informational?: readonly { readonly atMs: number; readonly head: ResponseHead }[];
}

/** A WebSocket message as it stands in a cassette. */
export interface RecordedMessage {
  readonly from: Side;
  /** Milliseconds since the exchange began. */
  readonly atMs: number;
  readonly kind: Exclude<PartKind, 'data'>;
  readonly bytes: Buffer;
}

/** A question for a name, and what was found, as they stand in a cassette. */
export interface RecordedLookup extends DnsFinding {
  readonly name: string;
  readonly type: string;
  /** Absent for the Internet's own. */
  readonly class?: string;
  /** How whoever asked spoke EDNS, where it did. */
  readonly asked?: 'plain' | 'dnssec';
  /** Members of a file that are not known here; they are written again. */
  readonly more?: { readonly question: UnknownMembers; readonly answer: UnknownMembers };
}

type UnknownMembers = Readonly<Record<string, unknown>>;

/** An exchange as written in a cassette. */
export interface Interaction {
  /** Stable within its cassette. */
  readonly id: string;
  /**
   * `connect`: a connection that never came to be, so that only its destination and ending are known.
   * `dns`: a question for a name, all of which is in `lookup`; its request is that of `lookupRequest`.
   */
  readonly kind: 'http' | 'websocket' | 'connect' | 'dns';
  /** ISO 8601, UTC, milliseconds. */
  readonly startedAt: string;
  /** Place in the order in which exchanges began; the order of replay. */
  readonly sequence: number;
  readonly request: RecordedRequest;
  /** Absent where it ended before a head came. */
  readonly response?: RecordedResponse;
  readonly lookup?: RecordedLookup;
  /** WebSocket messages of both sides in the order seen. */
  readonly messages?: readonly RecordedMessage[];
  /** Milliseconds since the exchange began: the head, and the end. */
  readonly timing: { readonly headMs?: number; readonly endMs: number };
  readonly ending: Ending;
}

/** The request of a question for a name, for those who look at no more of an interaction than where it went. */
export function lookupRequest({
  name,
  type,
}: Pick<RecordedLookup, 'name' | 'type'>): RecordedRequest {
  const destination = { host: name, port: 53, secure: false };
  return { method: type, destination, path: '', httpVersion: '', headers: [] };
}
