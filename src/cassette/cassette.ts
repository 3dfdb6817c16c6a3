import type { Destination } from '../exchange/destination.ts';
import type { Failure } from '../exchange/failure.ts';
import type { RequestHead } from '../exchange/http.ts';
import type { Interaction, RecordedMessage, RecordedResponse } from '../exchange/interaction.ts';
import type { MessageTypes } from './decoded.ts';
import { createLibrary, glance } from './library.ts';

export { callerDigest, callerOf, lasting } from './caller.ts';
export { refuseClashes } from './clash.ts';
export type { MessageTypes } from './decoded.ts';
export { bodyDigest, digestBody, isMultipart, unreadBody } from './signature.ts';

/** How a cassette is spelt on disk; the same content in each. */
export type CassetteFormat = 'json' | 'json.gz' | 'msgpack' | 'msgpack.gz';

/** When the log is synced: after each group of appends, at most every 100 ms in the background, or not at all. */
export type FsyncPolicy = 'always' | 'interval' | 'never';

/** What stands on disk under a name; `unfinished` is a log without an end mark. */
export type Standing = 'nothing' | 'unfinished' | 'complete' | 'complete and unfinished';

/** What a library needs to know. */
export interface LibraryOptions {
  readonly directory: string;
  /** What is written; all four are read. */
  readonly format: CassetteFormat;
  readonly fsync: FsyncPolicy;
  /** Whether a take that replaces goes on with the unfinished log of such a one, not anew (no). */
  readonly resumes?: boolean;
  /** Bytes above which a body goes into a file of its own (1 MiB). */
  readonly bodyFileBytes?: number;
  /** What messages of gRPC calls say, so that JSON shows it and takes it edited by hand. */
  readonly types?: MessageTypes | undefined;
  /** Takes one line for people: torn tails, unfinished takes, compactions that could not be made up for. */
  readonly warn: (line: string) => void;
  /** Told after each group of appends (write, and fsync under `always`): milliseconds, and whether it failed. */
  readonly onWrite?: (ms: number, failed: boolean) => void;
}

/** The cassettes of a directory. */
export interface CassetteLibrary {
  /**
   * What stands under a name. A take that was ended but not compacted counts as complete, and is
   * compacted here where the volume can be written.
   * @throws Failure CASSETTE_NAME_INVALID, CASSETTE_AMBIGUOUS, CASSETTE_UNREADABLE, CASSETTE_CORRUPT
   * and CASSETTE_VERSION_UNKNOWN (of the log)
   */
  look(name: string): Promise<Standing>;
  /**
   * The recording under a name; writes nothing, so it works on a read-only volume.
   * @throws Failure CASSETTE_NOT_FOUND, CASSETTE_CORRUPT, CASSETTE_BODY_MISSING,
   * CASSETTE_VERSION_UNKNOWN, CASSETTE_UNREADABLE, CASSETTE_AMBIGUOUS, CASSETTE_NAME_INVALID
   */
  load(name: string): Promise<Recording>;
  /**
   * Begins a take: one that adds to what stands there (and goes on with an unfinished log), or one
   * that replaces it once it is complete (an unfinished log is put aside until then).
   * @throws Failure CASSETTE_NAME_INVALID, CASSETTE_UNWRITABLE before anything else, then as `look`
   */
  record(name: string, how: { readonly adds: boolean }): Promise<Take>;
}

/** What was recorded, to be replayed. Immutable: cursors belong to the session. */
export interface Recording {
  readonly name: string;
  /** The file that was read. */
  readonly file: string;
  /** In recorded order; `sequence` is the place. */
  readonly interactions: readonly Interaction[];
  /** SHA-256 in hex of the bytes served: of the cassette, of the log where there is only that, of one after the other where both are served. */
  readonly digest: string;
  /** Served from, or together with, an unfinished log. */
  readonly unfinished: boolean;
  /** The interactions that a request may be answered with, but for its body; one look-up. */
  find(exchange: Sought): Candidates | undefined;
  /** The WebSocket interactions of a path, whatever their query. */
  sessions(destination: Destination, path: string): readonly Entry[];
  /** The `connect` interactions of a host and port, whatever their `secure`. */
  connects(destination: Destination): readonly Entry[];
  /** What the answers of this host and port, whatever their `secure`, say of it; nothing where it has none. */
  terms(destination: Destination): RecordedTerms | undefined;
  /** The interaction that resembles a request most, among 200 of the same host at most; for a miss. */
  closest(request: SoughtInVain): Closest | undefined;
}

/** What is known of a server from what it answered. */
export interface RecordedTerms {
  /** Whether it was asked anything over HTTP/2. */
  readonly http2: boolean;
  /** Whether that was a WebSocket (RFC 8441). */
  readonly connectProtocol: boolean;
}

/** The part of an exchange that must be equal for an interaction to answer it, but for the body. */
export interface Sought {
  readonly kind: 'http' | 'websocket' | 'grpc';
  readonly head: Pick<RequestHead, 'method' | 'path'>;
  readonly destination: Destination;
}

/** A request that nothing answered. */
export interface SoughtInVain {
  readonly head: RequestHead;
  readonly destination: Destination;
  /** As `bodyDigest` makes it; left out where the body was not read. */
  readonly bodyDigest?: string;
}

/** The interactions with one signature, in recorded order. */
export interface Candidates {
  /** Equal for equal signatures: what a session keeps its cursors by. */
  readonly key: string;
  readonly entries: readonly Entry[];
}

/** An interaction and its place in a recording. */
export interface Entry {
  readonly interaction: Interaction;
  /**
   * As `bodyDigest` makes it of the request's body; `*` where that was recorded in part, so that any
   * body matches; `unreadBody` where its file has to be read for it.
   */
  readonly bodyDigest: string;
  /** Index in `interactions`. */
  readonly place: number;
}

/** The interaction that resembles a request most, and what differs; secrets in query values included. */
export interface Closest {
  readonly interaction: Interaction;
  readonly differences: readonly Difference[];
}

/** One part of a request that was recorded otherwise: `kind`, `scheme`, `host`, `port`, `method`, `path`, `query.NAME`, `query` or `body`. */
export interface Difference {
  readonly field: string;
  readonly recorded: string;
  readonly got: string;
}

/** What is known of an interaction when it begins. */
export type DraftStart = Pick<Interaction, 'id' | 'kind' | 'startedAt' | 'sequence' | 'request'>;

/** What is known only when it ends; what is given here counts for more than what was added before. */
export type DraftEnd = Pick<Interaction, 'timing' | 'ending'> &
  Partial<Pick<Interaction, 'request' | 'response' | 'messages' | 'alpn' | 'truncated'>>;

/** An interaction on its way: what takes long, or is large, does not wait for its end in memory. */
export interface Draft {
  /** Adds the head of the response, with what is known of it by then. */
  answered(response: RecordedResponse): void;
  /**
   * Adds what a side said; of an HTTP body a piece of kind `data`. A promise where whoever writes
   * should wait until there is room.
   */
  add(message: RecordedMessage): Promise<void> | undefined;
  /** Writes it all with its end, redacted, as `append` does. @throws Failure RECORDING_FAILED */
  finish(end: DraftEnd): Promise<void>;
}

/** One recording run. */
export interface Take {
  /** Interactions that this take has written. */
  readonly recorded: number;
  /** The first write that failed; the take is then incomplete for good, and appends are refused. */
  readonly failure: Failure | undefined;
  /**
   * Writes an interaction, redacted. Resolves when it is written (`interval`, `never`) or synced (`always`).
   * @throws Failure RECORDING_FAILED
   */
  append(interaction: Interaction): Promise<void>;
  /** Begins an interaction that is written as it goes on. */
  begin(start: DraftStart): Draft;
  /**
   * Ends the take in order: end mark, sync, compaction into the cassette; then the log goes.
   * @throws Failure RECORDING_FAILED: where the take had failed, or where the compaction failed; the
   * latter loses nothing, the ended log is served as the cassette
   */
  finish(): Promise<void>;
  /** Leaves the take unfinished: no end mark. */
  close(): Promise<void>;
  /** Takes back a take that has written no interaction: its log goes, one that was put aside returns; else as `close`. */
  discard(): Promise<void>;
}

/** Opens the library of a directory; touches no file. */
export function openLibrary(options: LibraryOptions): CassetteLibrary {
  return createLibrary(options);
}

/**
 * What stands under a name, for somebody who must not write there: root would leave files of its own.
 * @throws Failure as `look` of a library
 */
export function standingOf(directory: string, name: string): Promise<Standing> {
  return glance(directory, name);
}
