import type { Draft, DraftStart } from '../cassette/cassette.ts';
import type { Part, Side } from '../exchange/conversation.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { RecordedMessage, RecordedResponse, Truncated } from '../exchange/interaction.ts';
import type { RecordOptions } from './commit.ts';
import { round } from './commit.ts';
import { limitTime } from './recording-time.ts';

/** The bodies of an exchange are kept in memory up to so many bytes together, and in a draft from then on. */
export const memoryBytesMax = 256 * 1024;

/** What takes longer goes into a draft, so that it outlives us. */
const memoryMsMax = 1000;

/** What keeping asks of those who record. */
export type KeepingOptions = Pick<
  RecordOptions,
  'begin' | 'bodyBytesMax' | 'streamMsMax' | 'onUnrecorded'
>;

/** What was kept of a piece. */
export interface Kept {
  readonly bytes: number;
  /** Where the one who passes it on should wait before the next. */
  readonly room: Promise<void> | undefined;
}

/** What has been kept of one body. */
export interface KeptBody {
  /** Whether more passed than may be kept. */
  readonly capped: boolean;
  /** The bytes kept; nothing where they are in the draft. */
  readonly bytes: Buffer | undefined;
}

interface Body {
  /** Those in memory. */
  pieces: RecordedMessage[];
  seen: number;
  kept: number;
}

/**
 * What is kept of the bodies of an exchange while they pass: in memory while they are short, in a
 * draft once they are long or slow, and no more once they pass a cap.
 */
export class Keeping {
  readonly #options: KeepingOptions;
  readonly #exchange: HttpExchange;
  readonly #start: () => DraftStart;
  readonly #client: Body = { pieces: [], seen: 0, kept: 0 };
  readonly #server: Body = { pieces: [], seen: 0, kept: 0 };
  #draft: Draft | undefined;
  #response: RecordedResponse | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unlimit: () => void = () => {};
  #truncated: Truncated | undefined;
  #over = false;
  /** Whether the body of the request was known when the draft began, and stands in it. */
  #asked = false;
  /** Called once, when its time is up while the answer goes on. */
  onTimeUp: () => void = () => {};

  constructor(options: KeepingOptions, exchange: HttpExchange, start: () => DraftStart) {
    this.#options = options;
    this.#exchange = exchange;
    this.#start = start;
  }

  /** The draft that the exchange has become; nothing while it is in memory. */
  get draft(): Draft | undefined {
    return this.#draft;
  }

  /** Whether what the draft began with holds the request as a whole. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Why no more is kept of the answer, although it goes on. */
  get truncated(): Truncated | undefined {
    return this.#truncated;
  }

  /** Why less was kept than passed, of the answer or of the request. */
  get limited(): Truncated | undefined {
    return this.#truncated ?? (this.#client.seen > this.#options.bodyBytesMax ? 'size' : undefined);
  }

  /** Says that the head of the answer is there; what streams by its nature goes into a draft at once. */
  answered(response: RecordedResponse, streams: boolean): void {
    this.#response = response;
    if (this.#draft !== undefined) this.#draft.answered(response);
    else if (streams) void this.#begin();
    this.#watch();
  }

  /** Keeps a piece, or as much of it as the cap leaves room for. */
  add(from: Side, part: Part): Kept {
    const body = this.#bodyOf(from);
    const { bodyBytesMax } = this.#options;
    body.seen += part.bytes.length;
    const room = this.#over ? 0 : bodyBytesMax - body.kept;
    const bytes = part.bytes.length <= room ? part.bytes : part.bytes.subarray(0, room);
    const message = { from, atMs: round(part.atMs), kind: 'data', bytes } as const;
    const wait = bytes.length > 0 ? this.#keep(body, message) : undefined;
    if (body.seen > bodyBytesMax && body.seen - part.bytes.length <= bodyBytesMax) {
      this.#tellLarge(from);
      if (from === 'server') this.#cap('size');
    }
    return { bytes: bytes.length, room: wait };
  }

  /** What has been kept of a side's body. */
  body(from: Side): KeptBody {
    const { pieces, seen, kept } = this.#bodyOf(from);
    const held = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return {
      capped: seen > this.#options.bodyBytesMax,
      bytes: held < kept ? undefined : Buffer.concat(pieces.map(({ bytes }) => bytes)),
    };
  }

  /** Keeps no more. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#unlimit();
  }

  #keep(body: Body, message: RecordedMessage): Promise<void> | undefined {
    body.kept += message.bytes.length;
    if (this.#draft !== undefined) return this.#draft.add(message);
    body.pieces.push(message);
    this.#watch();
    return this.#client.kept + this.#server.kept > memoryBytesMax ? this.#begin() : undefined;
  }

  /** From now on what is kept goes into a draft, what there is in memory first. */
  #begin(): Promise<void> | undefined {
    const start = this.#start();
    this.#draft = this.#options.begin(start);
    this.#asked = start.request.partial !== true;
    if (this.#response !== undefined) this.#draft.answered(this.#response);
    const pieces = [...(this.#asked ? [] : this.#client.pieces), ...this.#server.pieces];
    this.#client.pieces = [];
    this.#server.pieces = [];
    let wait: Promise<void> | undefined;
    for (const piece of pieces) wait = this.#draft.add(piece) ?? wait;
    return wait;
  }

  #watch(): void {
    if (this.#timer !== undefined || this.#over) return;
    this.#timer = setTimeout(
      () => {
        if (this.#draft === undefined) void this.#begin();
        this.#unlimit = limitTime({
          startedAt: this.#exchange.startedAt,
          streamMsMax: this.#options.streamMsMax,
          what: this.#what(),
          onUp: (failure) => this.#timeUp(failure),
        });
      },
      Math.min(memoryMsMax, this.#options.streamMsMax),
    ).unref();
  }

  #timeUp(failure: Failure): void {
    if (this.#over) return;
    this.#options.onUnrecorded(this.#exchange, failure);
    this.#cap('time');
    this.onTimeUp();
  }

  #cap(why: Truncated): void {
    this.#truncated = why;
    this.close();
  }

  #tellLarge(from: Side): void {
    const what = `${words[from]} has more than ${this.#options.bodyBytesMax} bytes`;
    const detail = `${this.#what()}: ${what}; it passes, and the rest of it is not recorded`;
    this.#options.onUnrecorded(this.#exchange, new Failure('BODY_TOO_LARGE', detail));
  }

  #what(): string {
    return `${this.#exchange.head.method} ${authorityOf(this.#exchange.destination)}`;
  }

  #bodyOf(from: Side): Body {
    return from === 'client' ? this.#client : this.#server;
  }
}

const words = { client: 'the body of the request', server: 'the body of the answer' } as const;
