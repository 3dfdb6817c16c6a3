import type { CassetteLibrary } from '../cassette/cassette.ts';
import type { Session } from '../exchange/arrival.ts';
import type { Resolver } from '../exchange/dns.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Failure } from '../exchange/failure.ts';
import type { Upstream } from '../exchange/upstream.ts';
import type { Journal } from '../journal/journal.ts';
import type { WebSocketReplay } from '../replay/replay.ts';
import type { Faults } from './fault.ts';
import type { Latency } from './latency.ts';
import type { Mode, OnMiss } from './mode.ts';
import type { NameMiss } from './replay-names.ts';

/** What a session is opened with. */
export interface SessionOptions {
  readonly mode: Mode;
  readonly onMiss: OnMiss;
  readonly cassette: string;
  readonly library: CassetteLibrary;
  readonly network: Upstream;
  /** What answers for names where those are captured, and what is known of the machine. */
  readonly names?: LiveNames;
  readonly journal: Journal;
  readonly latency: Latency;
  /** Faults on purpose (none). */
  readonly faults?: Faults;
  readonly bodyBytesMax: number;
  /** Whether raw streams are recorded as well (no). */
  readonly recordsStreams?: boolean;
  readonly streamMsMax: number;
  /** What is known of the messages of gRPC services. */
  readonly grpc?: GrpcKnowledge;
  /** Under fsync `always` an exchange that could not be written is cut. */
  readonly cutUnwritten: boolean;
  /** Under CI, `auto` refuses to record. */
  readonly ci: boolean;
  /** Whether nothing of ours can leave the machine (no): then `auto` refuses to record. */
  readonly sealed?: boolean;
  /** Whether a replay may begin without its cassette, and open it at the first exchange that finds it (no). */
  readonly waits?: boolean;
  /** How WebSockets are replayed, where not as usual. */
  readonly websockets?: WebSocketReplay;
  /** Told of what was missed or not recorded. */
  readonly onFailure: (failure: Failure, exchange: Pick<Exchange, 'destination'>) => void;
}

/** What matching ignores in gRPC requests, and who takes what servers tell of themselves. */
export interface GrpcKnowledge {
  readonly ignoring?: ((path: string, message: Buffer) => Buffer) | undefined;
  readonly learn?: ((files: readonly Buffer[]) => void) | undefined;
}

/** The resolver of the network, and how clients of this machine use names. */
export interface LiveNames {
  readonly resolver: Resolver;
  /** Domains in which they try a name before they try it as it is. */
  readonly search: readonly string[];
  /** Whether their connections over IPv6 are captured, as far as is known: else they leave, or fail. */
  readonly ipv6: () => boolean;
  /** What this machine is called: its own name is no miss. */
  readonly ownName: string;
  /** What they are told in a replay of a name that nobody recorded. */
  readonly onMiss: NameMiss;
}

/** A session that serves clients, and what its run has come to. */
export interface OpenSession extends Session {
  /** What it does, `auto` decided. */
  readonly acts: Exclude<Mode, 'auto'>;
  /** Whether it writes a take. */
  readonly records: boolean;
  /** Whether a miss fails the run. */
  readonly strict: boolean;
  readonly loaded: number;
  /** The file that answers; nothing where none was loaded. */
  readonly file: string | undefined;
  readonly digest: string | null;
  readonly unused: () => number;
  /** Whether what is served, or what is being written, is or will stay an unfinished take. */
  readonly unfinished: () => boolean;
  /** Interactions that can answer, or that were written. */
  readonly interactions: () => number;
  /** The first write that failed; recording is then impossible. */
  readonly failure: () => Failure | undefined;
  /** Ends the take in order: end mark, flush, compaction. */
  readonly close: () => Promise<void>;
  /** Drops the take, where the run never came to serve anybody. */
  readonly discard: () => Promise<void>;
}
