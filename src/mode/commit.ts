import type { Draft, DraftStart } from '../cassette/cassette.ts';
import type { PartKind, Side } from '../exchange/conversation.ts';
import type { Exchange, HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { Answer } from '../exchange/upstream.ts';
import type { RequestTap } from './request-tap.ts';

/** What recording needs. */
export interface RecordOptions {
  /** Writes an interaction; resolves when it stands in the write-ahead log. */
  readonly append: (interaction: Interaction) => Promise<void>;
  /** Begins an interaction that is written as it goes on. */
  readonly begin: (start: DraftStart) => Draft;
  /** Place in the order in which exchanges begin; each call gives the next one. */
  readonly nextSequence: () => number;
  /** Bytes that a body may have; a larger one is passed on, but not recorded. */
  readonly bodyBytesMax: number;
  /** Whether an exchange that could not be written is cut (fsync `always`) rather than let through. */
  readonly cutUnwritten: boolean;
  /** Told of each WebSocket message as it passes; for metrics. */
  readonly onMessage: (side: Side, kind: PartKind) => void;
  /** Told what was not recorded and why. */
  readonly onUnrecorded: (exchange: Pick<Exchange, 'destination'>, failure: Failure) => void;
}

/** One exchange being recorded: what is known of it so far. */
export interface Recorded {
  readonly options: RecordOptions;
  readonly exchange: HttpExchange;
  readonly answer: Answer;
  readonly tap: RequestTap;
  readonly sequence: number;
  readonly headMs: number;
}

/** What the recorded parts of an exchange add to the interaction. */
export type RecordedEnd = Pick<Interaction, 'response' | 'messages' | 'ending'>;

/**
 * What became of an exchange that was to be written: it stands in the log; or it could not be
 * written, and the policy lets it through, or has it cut.
 */
export type Committed = 'recorded' | 'forwarded' | 'failed';

/** Writes an exchange, and says what its outcome is. */
export async function commit(recorded: Recorded, end: RecordedEnd): Promise<Committed> {
  const { options, exchange, sequence, headMs, tap } = recorded;
  const { head, kind, destination, startedAt } = exchange;
  const { response, messages, ending } = end;
  const endMs = performance.now() - startedAt;
  try {
    await options.append({
      id: interactionId(sequence),
      kind,
      startedAt: new Date(performance.timeOrigin + startedAt).toISOString(),
      sequence,
      request: {
        method: head.method,
        destination: { host: destination.host, port: destination.port, secure: destination.secure },
        path: head.path,
        httpVersion: head.httpVersion,
        headers: head.headers,
        ...tap.body(),
      },
      ...(response === undefined ? {} : { response }),
      ...(messages === undefined ? {} : { messages }),
      timing: { ...(response === undefined ? {} : { headMs: round(headMs) }), endMs: round(endMs) },
      ending,
    });
    return 'recorded';
  } catch (error) {
    options.onUnrecorded(exchange, asFailure(error));
    return options.cutUnwritten ? 'failed' : 'forwarded';
  }
}

/** Whatever was thrown as a failure to record. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new Failure('RECORDING_FAILED', words, { cause: error });
}

/** Microseconds are enough, and keep cassettes readable. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The id of the interaction that began as the n-th of its take. */
export function interactionId(sequence: number): string {
  return `i${String(sequence).padStart(6, '0')}`;
}
