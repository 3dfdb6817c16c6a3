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
  /** In the place of `body` where the bytes lie in a file of their own. */
  readonly stored?: StoredBody;
  readonly trailers?: Headers;
  /** True where the answer came before the body was whole, or the body passed the limit: matched by its head alone. */
  readonly partial?: boolean;
  /**
   * What tells callers of one URL apart whose credentials are not kept: four hex digits of a digest
   * by the name of each (`authorization`, `cookie.sid`).
   */
  readonly caller?: Readonly<Record<string, string>>;
}

/** A response as it stands in a cassette. */
export interface RecordedResponse {
  readonly status: number;
  readonly statusText: string;
  readonly httpVersion: string;
  readonly headers: Headers;
  readonly body?: Buffer;
  /** In the place of `body` where the bytes lie in a file of their own. */
  readonly stored?: StoredBody;
  /** The pieces in which the body came, where those matter; together they are as long as it is. */
  readonly chunks?: readonly Chunk[];
  /** Interim (1xx) heads, with milliseconds since the exchange began. */
  readonly informational?: readonly { readonly atMs: number; readonly head: ResponseHead }[];
}

/** A piece of a body: when it came, and how long it is. */
export interface Chunk {
  /** Milliseconds since the exchange began. */
  readonly atMs: number;
  readonly bytes: number;
}

/** The bytes of a body that lies in a file of its own, named by its digest. */
export interface StoredBody {
  /** SHA-256 in hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Reads it from its beginning, piece by piece; each call anew. */
  readonly read: () => AsyncIterable<Buffer>;
}

/**
 * What a message is: that of a WebSocket (`text`, `binary`, `ping`, `pong`), of gRPC (`message`,
 * without its prefix), bytes of a raw stream (`data`), or that its side has said its last (`end`).
 */
export type MessageKind = PartKind | 'message' | 'end';

/** Every kind of message, for readers of cassettes. */
export const messageKinds = [
  'text',
  'binary',
  'ping',
  'pong',
  'message',
  'data',
  'end',
] as const satisfies readonly MessageKind[];

/** What a side said in a conversation, as it stands in a cassette. */
export interface RecordedMessage {
  readonly from: Side;
  /** Milliseconds since the exchange began. */
  readonly atMs: number;
  readonly kind: MessageKind;
  readonly bytes: Buffer;
  /** Whether the flag of a gRPC message says that it is compressed (no). */
  readonly compressed?: boolean;
  /** By what a client's message is compared in a replay, where that is not what it is. */
  readonly match?: MessageMatch;
  /** Whether a client may leave it out, or say it more often and elsewhere (no). */
  readonly optional?: boolean;
}

/**
 * What a client's message has to be, written into a cassette by hand: anything; a text that a regular
 * expression is found in; a JSON value (the recorded one where none is given), but for some paths.
 */
export type MessageMatch =
  | 'any'
  | { readonly regex: string }
  | { readonly json?: unknown; readonly ignore?: readonly string[] };

/**
 * Why a recording stopped before its exchange did: a cap on its size or time, the end of magneto
 * itself, WebSocket frames that are none (RFC 6455, 5.2), after which nothing can be told, or TLS that
 * the two sides of a raw stream began between them.
 */
export type Truncated = (typeof truncations)[number];

/** Every reason for which a recording stopped early, for readers of cassettes. */
export const truncations = ['size', 'time', 'killed', 'malformed', 'encrypted'] as const;

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

/** Every kind of interaction, for readers of cassettes. */
export const interactionKinds = ['http', 'websocket', 'grpc', 'stream', 'connect', 'dns'] as const;

/** What was exchanged, and how it stands in a cassette. */
export type InteractionKind = (typeof interactionKinds)[number];

/** An exchange as written in a cassette. */
export interface Interaction {
  /** Stable within its cassette. */
  readonly id: string;
  /**
   * `connect`: a connection that never came to be, so that only its destination and ending are known.
   * `dns`: a question for a name, all of which is in `lookup`; its request is that of `lookupRequest`.
   * `grpc`: an HTTP exchange whose bodies are in `messages`. `stream`: bytes that are nothing which
   * magneto knows, in `messages` too; its request is no more than a destination.
   */
  readonly kind: InteractionKind;
  /** ISO 8601, UTC, milliseconds. */
  readonly startedAt: string;
  /** Place in the order in which exchanges began; the order of replay. */
  readonly sequence: number;
  readonly request: RecordedRequest;
  /** Absent where it ended before a head came. */
  readonly response?: RecordedResponse;
  readonly lookup?: RecordedLookup;
  /** What both sides said, in the order seen: WebSocket, gRPC and raw streams. */
  readonly messages?: readonly RecordedMessage[];
  /** The protocol that was negotiated in TLS (RFC 7301), where it matters. */
  readonly alpn?: string;
  /** Set where the recording stopped before the exchange did: what follows is not known. */
  readonly truncated?: Truncated;
  /**
   * Milliseconds since the exchange began: the head, and the end. `startMs`: how much after
   * `startedAt`, which has whole milliseconds, it did begin.
   */
  readonly timing: { readonly startMs?: number; readonly headMs?: number; readonly endMs: number };
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

/** When an exchange began, in milliseconds since 1970, as exactly as it was recorded. */
export function beganAt({ startedAt, timing }: Pick<Interaction, 'startedAt' | 'timing'>): number {
  return Date.parse(startedAt) + (timing.startMs ?? 0);
}
