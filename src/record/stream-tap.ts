import type { Draft, DraftEnd } from '../cassette/cassette.ts';
import type { Part, Side } from '../exchange/conversation.ts';
import type { RecordedMessage, Truncated } from '../exchange/interaction.ts';
import { round } from './commit.ts';

/** What a tap of a raw stream needs. */
export interface StreamTapOptions {
  readonly begin: () => Draft;
  /** When the stream began (`performance.now()`). */
  readonly startedAt: number;
  /** Bytes of both sides that are kept. */
  readonly bytesMax: number;
  /** Told when no more is kept, and why. */
  readonly onTruncated: (why: Truncated) => void;
}

/** Writes what both sides of a raw stream say, in the order in which it passes. */
export interface StreamTap {
  /** There is a stream: it has its place in the order from here on. */
  readonly start: () => void;
  /** Something passes; a promise where it should wait until there is room. */
  readonly heard: (from: Side, part: Part) => Promise<void> | undefined;
  /** A side says no more: it has said its last, or it (or who passed it on) broke off. */
  readonly over: (from: Side, whole: boolean) => void;
  readonly isClientOver: () => boolean;
  readonly clientOver: Promise<void>;
  /** Keeps no more, since its time is up; false where it had stopped keeping before. */
  readonly timeUp: () => boolean;
  readonly truncated: () => Truncated | undefined;
  /** Writes the end. @throws Failure RECORDING_FAILED */
  readonly finish: (end: DraftEnd) => Promise<void>;
}

/** Pieces that one side says within this time are one: where packets end says nothing. */
const joinMs = 5;
/** And no more than this. */
const joinBytesMax = 64 * 1024;

/** Makes a tap that has written nothing. */
export function createStreamTap(options: StreamTapOptions): StreamTap {
  return new Tap(options);
}

class Tap implements StreamTap {
  readonly clientOver: Promise<void>;
  readonly #options: StreamTapOptions;
  readonly #clientIsOver: () => void;
  #draft: Draft | undefined;
  #clientEnded = false;
  #bytes = 0;
  #truncated: Truncated | undefined;
  /** Who spoke last, and what of it is not written yet. */
  #speaker: Side | undefined;
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  #piecesMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StreamTapOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.clientOver = promise;
    this.#clientIsOver = resolve;
  }

  start(): void {
    this.#draft ??= this.#options.begin();
  }

  isClientOver(): boolean {
    return this.#clientEnded;
  }

  heard(from: Side, { bytes, atMs }: Part): Promise<void> | undefined {
    if (this.#truncated !== undefined) return undefined;
    const turns = from !== this.#speaker;
    if (from === 'client' && turns && isClientHello(bytes)) return this.#truncate('encrypted');
    this.#bytes += bytes.length;
    if (this.#bytes > this.#options.bytesMax) return this.#truncate('size');
    const full = this.#piecesBytes + bytes.length > joinBytesMax;
    const room = turns || full || atMs - this.#piecesMs > joinMs ? this.#flush() : undefined;
    this.#speaker = from;
    if (this.#pieces.length === 0) {
      this.#piecesMs = atMs;
      this.#timer = setTimeout(() => void this.#flush(), joinMs);
    }
    this.#pieces.push(bytes);
    this.#piecesBytes += bytes.length;
    return room;
  }

  over(from: Side, whole: boolean): void {
    if (whole && this.#truncated === undefined) {
      void this.#flush();
      const atMs = round(performance.now() - this.#options.startedAt);
      void this.#add({ from, atMs, kind: 'end', bytes: Buffer.alloc(0) });
    }
    if (from === 'client') {
      this.#clientEnded = true;
      this.#clientIsOver();
    }
  }

  timeUp(): boolean {
    if (this.#truncated !== undefined) return false;
    void this.#flush();
    this.#truncated = 'time';
    return true;
  }

  truncated(): Truncated | undefined {
    return this.#truncated;
  }

  async finish(end: DraftEnd): Promise<void> {
    void this.#flush();
    this.start();
    const truncated = this.#truncated;
    await this.#draft?.finish(truncated === undefined ? end : { ...end, truncated });
  }

  #truncate(why: Truncated): undefined {
    void this.#flush();
    this.#truncated = why;
    this.#options.onTruncated(why);
  }

  #flush(): Promise<void> | undefined {
    clearTimeout(this.#timer);
    const from = this.#speaker;
    if (from === undefined || this.#pieces.length === 0) return undefined;
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#piecesBytes = 0;
    return this.#add({ from, atMs: round(this.#piecesMs), kind: 'data', bytes });
  }

  #add(message: RecordedMessage): Promise<void> | undefined {
    this.start();
    return this.#draft?.add(message);
  }
}

/** TLS that two peers begin between them (STARTTLS and the like): what follows is of use to nobody else. */
function isClientHello(bytes: Buffer): boolean {
  return bytes[0] === 0x16 && bytes[1] === 3 && (bytes[2] ?? 9) <= 4 && (bytes[5] ?? 1) === 1;
}
