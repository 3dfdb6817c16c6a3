import type { Draft, DraftStart } from '../cassette/cassette.ts';
import type { Ending, Side } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type {
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
  Truncated,
} from '../exchange/interaction.ts';
import type { GrpcPiece } from '../support/grpc-frames.ts';
import type { Committed, RecordOptions } from './commit.ts';
import { asFailure, interactionId, round } from './commit.ts';

/** What is known of a gRPC call that is being recorded. */
export interface GrpcLog {
  /** Notes what a side said; a promise where whoever passes it on should wait. */
  readonly said: (from: Side, piece: Omit<GrpcPiece, 'kind'> & Kind) => Promise<void> | undefined;
  /** Notes the initial metadata. */
  readonly answered: (head: ResponseHead) => void;
  /** Why less is kept than passed, where that is so. */
  readonly truncated: () => Truncated | undefined;
  /** Writes the call with its ending, once; says what its outcome is. */
  readonly commit: (ending: Ending) => Promise<Committed>;
}

interface Kind {
  readonly kind: 'message' | 'data' | 'end';
}

/** A call of so few bytes is written as a whole, a longer one, or one of several answers, as it goes on. */
const wholeBytesMax = 256 * 1024;

/** Makes the log of one call: in memory while it is short, in the take from then on. */
export function createGrpcLog(options: RecordOptions, exchange: HttpExchange): GrpcLog {
  const start = startOf(exchange, options.nextSequence());
  const messages: RecordedMessage[] = [];
  let draft: Draft | undefined;
  let response: RecordedResponse | undefined;
  let headMs: number | undefined;
  let size = 0;
  let answers = 0;
  const since = (): number => round(performance.now() - exchange.startedAt);
  const add = (message: RecordedMessage): Promise<void> | undefined => {
    if (draft === undefined) messages.push(message);
    if (draft === undefined && size <= wholeBytesMax && answers < 2) return undefined;
    if (draft !== undefined) return draft.add(message);
    draft = options.begin(start);
    if (response !== undefined) draft.answered(response);
    const room = messages.splice(0).map((early) => draft?.add(early));
    return room.at(-1);
  };
  return {
    said(from, { kind, bytes, compressed }) {
      size += bytes.length;
      // What lies beyond the limit is passed on, and the recording says that it is cut short.
      if (size > options.bodyBytesMax) return undefined;
      if (from === 'server') answers += 1;
      return add({ from, atMs: since(), kind, bytes, ...(compressed ? { compressed } : {}) });
    },
    answered(head) {
      response = head;
      headMs = since();
      draft?.answered(response);
    },
    truncated: () => (size > options.bodyBytesMax ? 'size' : undefined),
    async commit(ending) {
      const truncated = size > options.bodyBytesMax ? ({ truncated: 'size' } as const) : {};
      if (size > options.bodyBytesMax) options.onUnrecorded(exchange, tooLarge(exchange, options));
      const timing = { ...(headMs === undefined ? {} : { headMs }), endMs: since() };
      const answered = response === undefined ? {} : { response };
      const end = { ...answered, timing, ending, ...truncated };
      try {
        if (draft === undefined) await options.append({ ...start, messages, ...end });
        else await draft.finish(end);
        return 'recorded';
      } catch (error) {
        options.onUnrecorded(exchange, asFailure(error));
        return options.cutUnwritten ? 'failed' : 'forwarded';
      }
    },
  };
}

function startOf({ head, destination, startedAt }: HttpExchange, sequence: number): DraftStart {
  const { host, port, secure } = destination;
  const request: RecordedRequest = {
    method: head.method,
    destination: { host, port, secure },
    path: head.path,
    httpVersion: head.httpVersion,
    headers: head.headers,
  };
  return {
    id: interactionId(sequence),
    kind: 'grpc',
    startedAt: new Date(performance.timeOrigin + startedAt).toISOString(),
    sequence,
    request,
  };
}

function tooLarge({ head, destination }: HttpExchange, { bodyBytesMax }: RecordOptions): Failure {
  const what = `the messages of ${destination.host}${head.path}`;
  return new Failure('BODY_TOO_LARGE', `${what} pass ${bodyBytesMax} bytes`);
}
