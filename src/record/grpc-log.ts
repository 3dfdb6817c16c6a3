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
import { limitTime } from './recording-time.ts';

/** What is known of a gRPC call that is being recorded. */
export interface GrpcLog {
  /** Notes what a side said; a promise where whoever passes it on should wait. */
  readonly said: (from: Side, piece: Omit<GrpcPiece, 'kind'> & Kind) => Promise<void> | undefined;
  /** Notes the initial metadata. */
  readonly answered: (head: ResponseHead) => void;
  /** Writes the call with its ending, once; says what its outcome is. */
  readonly commit: (ending: Ending) => Promise<Committed>;
  /** There was no call; what stands in the take already ends here. */
  readonly abandon: () => Promise<void>;
  /** Why less is recorded than passes. */
  readonly truncated: () => Truncated | undefined;
}

interface Kind {
  readonly kind: 'message' | 'data' | 'end';
}

/** A call of so few bytes is written as a whole, a longer one, or one of several answers, as it goes on. */
const wholeBytesMax = 256 * 1024;

/** Makes the log of one call: in memory while it is short, in the take from then on. */
export function createGrpcLog(options: RecordOptions, exchange: HttpExchange): GrpcLog {
  return new CallLog(options, exchange);
}

class CallLog implements GrpcLog {
  readonly #options: RecordOptions;
  readonly #exchange: HttpExchange;
  readonly #start: DraftStart;
  readonly #unlimit: () => void;
  #messages: RecordedMessage[] = [];
  #draft: Draft | undefined;
  #response: RecordedResponse | undefined;
  #headMs: number | undefined;
  #size = 0;
  #answers = 0;
  #truncated: Truncated | undefined;
  #committed: Promise<Committed> | undefined;

  constructor(options: RecordOptions, exchange: HttpExchange) {
    this.#options = options;
    this.#exchange = exchange;
    this.#start = startOf(exchange, options.nextSequence());
    this.#unlimit = limitTime({
      startedAt: exchange.startedAt,
      streamMsMax: options.streamMsMax,
      what: `${exchange.destination.host}${exchange.head.path}`,
      onUp: (failure) => {
        this.#truncate('time', failure);
        void this.commit(cutByServer);
      },
    });
  }

  truncated(): Truncated | undefined {
    return this.#truncated;
  }

  said(from: Side, { kind, bytes, compressed }: Parameters<GrpcLog['said']>[1]) {
    const { bodyBytesMax } = this.#options;
    this.#size += bytes.length;
    // What lies beyond the limit is passed on, and the recording says that it is cut short.
    if (this.#size > bodyBytesMax) this.#truncate('size', tooLarge(this.#exchange, bodyBytesMax));
    if (this.#truncated !== undefined) return undefined;
    if (from === 'server') this.#answers += 1;
    const atMs = this.#sinceStart();
    return this.#add({ from, atMs, kind, bytes, ...(compressed ? { compressed } : {}) });
  }

  answered(head: ResponseHead): void {
    if (this.#committed !== undefined) return;
    this.#response = head;
    this.#headMs = this.#sinceStart();
    this.#draft?.answered(head);
  }

  commit(ending: Ending): Promise<Committed> {
    this.#unlimit();
    this.#committed ??= this.#commit(ending);
    return this.#committed;
  }

  async abandon(): Promise<void> {
    this.#unlimit();
    if (this.#draft !== undefined) await this.commit(cutByServer);
  }

  #add(message: RecordedMessage): Promise<void> | undefined {
    if (this.#draft !== undefined) return this.#draft.add(message);
    this.#messages.push(message);
    if (this.#size <= wholeBytesMax && this.#answers < 2) return undefined;
    const draft = this.#options.begin(this.#start);
    this.#draft = draft;
    if (this.#response !== undefined) draft.answered(this.#response);
    const room = this.#messages.splice(0).map((early) => draft.add(early));
    return room.at(-1);
  }

  async #commit(ending: Ending): Promise<Committed> {
    const [options, response, headMs] = [this.#options, this.#response, this.#headMs];
    const end = {
      ...(response === undefined ? {} : { response }),
      timing: { ...(headMs === undefined ? {} : { headMs }), endMs: this.#sinceStart() },
      ending,
      ...(this.#truncated === undefined ? {} : { truncated: this.#truncated }),
    };
    try {
      if (this.#draft !== undefined) await this.#draft.finish(end);
      else await options.append({ ...this.#start, messages: this.#messages, ...end });
      return 'recorded';
    } catch (error) {
      options.onUnrecorded(this.#exchange, asFailure(error));
      return options.cutUnwritten ? 'failed' : 'forwarded';
    }
  }

  #truncate(why: Truncated, failure: Failure): void {
    if (this.#truncated !== undefined) return;
    this.#truncated = why;
    this.#options.onUnrecorded(this.#exchange, failure);
  }

  #sinceStart(): number {
    return round(performance.now() - this.#exchange.startedAt);
  }
}

const cutByServer: Ending = { type: 'cut', by: 'server' };

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

function tooLarge({ head, destination }: HttpExchange, bodyBytesMax: number): Failure {
  const what = `the messages of ${destination.host}${head.path}`;
  return new Failure('BODY_TOO_LARGE', `${what} pass ${bodyBytesMax} bytes`);
}
