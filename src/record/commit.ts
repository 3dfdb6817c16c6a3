import type { Draft, DraftEnd, DraftStart } from '../cassette/cassette.ts';
import type { PartKind, Side } from '../exchange/conversation.ts';
import type { Exchange, HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { Answer } from '../exchange/upstream.ts';
import { callerOf } from '../cassette/cassette.ts';
import type { Keeping } from './keeping.ts';
import type { RequestTap } from './request-tap.ts';

/** What recording needs. */
export interface RecordOptions {
  /** Writes an interaction; resolves when it stands in the write-ahead log. */
  readonly append: (interaction: Interaction) => Promise<void>;
  /** Begins an interaction that is written as it goes on. */
  readonly begin: (start: DraftStart) => Draft;
  /** Place in the order in which exchanges begin; each call gives the next one. */
  readonly nextSequence: () => number;
  /** Whether raw streams are written as well. */
  readonly recordsStreams: boolean;
  /** Bytes that are recorded of a body; what comes after them passes on. */
  readonly bodyBytesMax: number;
  /** Milliseconds that an exchange is recorded for; what comes later passes on. */
  readonly streamMsMax: number;
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
  readonly keeping: Keeping;
  readonly sequence: number;
  readonly headMs: number;
}

/** What the recorded parts of an exchange add to the interaction. */
export type RecordedEnd = Pick<Interaction, 'response' | 'messages' | 'ending' | 'truncated'>;

/**
 * What became of an exchange that was to be written: it stands in the log; or it could not be
 * written, and the policy lets it through, or has it cut.
 */
export type Committed = 'recorded' | 'forwarded' | 'failed';

/** Writes an exchange, and says what its outcome is. */
export function commit(recorded: Recorded, end: RecordedEnd): Promise<Committed> {
  const { response, messages, ending, truncated } = end;
  return written(recorded, () =>
    recorded.options.append({
      ...draftStart(recorded),
      ...(response === undefined ? {} : { response }),
      ...(messages === undefined ? {} : { messages }),
      timing: timingOf(recorded, response !== undefined),
      ending,
      ...(truncated === undefined ? {} : { truncated }),
    }),
  );
}

/** Writes the end of an exchange that was written as it went on, and says what its outcome is. */
export function commitDraft(
  recorded: Recorded,
  draft: Draft,
  end: Omit<DraftEnd, 'timing'>,
): Promise<Committed> {
  const hasHead = recorded.answer.head !== undefined;
  return written(recorded, () => draft.finish({ ...end, timing: timingOf(recorded, hasHead) }));
}

/** What is known of an exchange before it has ended. */
export function draftStart({
  exchange,
  sequence,
  tap,
}: Pick<Recorded, 'exchange' | 'sequence' | 'tap'>): DraftStart {
  const { head, kind, destination, startedAt } = exchange;
  return {
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
      ...callerIn(exchange),
    },
  };
}

function timingOf({ exchange, headMs }: Recorded, hasHead: boolean): Interaction['timing'] {
  const startMs = startMsOf(exchange.startedAt);
  const endMs = round(performance.now() - exchange.startedAt);
  return hasHead ? { startMs, headMs: round(headMs), endMs } : { startMs, endMs };
}

async function written(
  { options, exchange }: Recorded,
  write: () => Promise<void>,
): Promise<Committed> {
  try {
    await write();
    return 'recorded';
  } catch (error) {
    options.onUnrecorded(exchange, asFailure(error));
    return options.cutUnwritten ? 'failed' : 'forwarded';
  }
}

/** Whose session a WebSocket is; of other exchanges nobody asks. */
function callerIn({ kind, head }: HttpExchange): Pick<Interaction['request'], 'caller'> {
  const caller = kind === 'websocket' ? callerOf(head.headers) : undefined;
  return caller === undefined ? {} : { caller };
}

/** Whatever was thrown as a failure to record. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new Failure('RECORDING_FAILED', words, { cause: error });
}

/** What of the time at which it began is less than a millisecond: it orders what happened on several connections. */
function startMsOf(startedAt: number): number {
  const beganMs = performance.timeOrigin + startedAt;
  return round(beganMs - Math.floor(beganMs));
}

/** Microseconds are enough, and keep cassettes readable. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The id of the interaction that began as the n-th of its take. */
export function interactionId(sequence: number): string {
  return `i${String(sequence).padStart(6, '0')}`;
}
