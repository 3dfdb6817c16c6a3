import type { Part, PartKind, Side } from '../exchange/conversation.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerTokens } from '../exchange/headers.ts';
import type { RecordedMessage, Truncated } from '../exchange/interaction.ts';
import type { Inflated, Inflater } from '../support/inflate-messages.ts';
import { createInflater } from '../support/inflate-messages.ts';
import type { Frames } from '../support/websocket-frames.ts';
import { FrameReader } from '../support/websocket-frames.ts';

/** A close frame: code 1005 where it had none (RFC 6455, 7.1.5). */
export interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

/** A message as it passed. */
export interface TappedMessage extends RecordedMessage {
  readonly kind: Exclude<PartKind, 'data'>;
}

/** Why what a side says can be told no further: too large, or no frames at all. */
export type Loss = Extract<Truncated, 'size' | 'malformed'>;

/** What a tap needs to know, and whom it tells. */
export interface TapOptions {
  /** Headers of the 101: the accepted extensions say whether frames are compressed (RFC 7692). */
  readonly accepted: Headers;
  /** How many bytes of messages the recording has room for yet. */
  readonly roomFor: () => number;
  /** Told of each message as it passes. A promise where whoever sends should wait. */
  readonly onMessage: (message: TappedMessage) => Promise<void> | undefined;
  /** Told of the first close frame. */
  readonly onClose: (from: Side, close: CloseFrame) => void;
  /** Told that what this side says can be told no further; it passes all the same. */
  readonly onLost: (why: Loss) => void;
}

const kinds: ReadonlyMap<number, TappedMessage['kind']> = new Map([
  [1, 'text'],
  [2, 'binary'],
  [9, 'ping'],
  [10, 'pong'],
]);
const closeOpcode = 8;

/** Reads the WebSocket frames of one direction as they pass. */
export class FrameTap {
  readonly #from: Side;
  readonly #options: TapOptions;
  readonly #inflater: Inflater | undefined;
  readonly #reader: FrameReader;
  #atMs = 0;
  #lost = false;
  #closed = false;
  /** What is told of takes time: what follows is told after it. */
  #pending: Promise<void> | undefined;

  constructor(from: Side, options: TapOptions) {
    const deflate = deflateAgreed(options.accepted, from);
    this.#from = from;
    this.#options = options;
    this.#inflater = deflate && createInflater(deflate);
    this.#reader = new FrameReader({
      masked: from === 'client',
      compresses: deflate !== undefined,
      onFrames: (frames) => this.#read(frames),
      roomFor: () => (this.#lost ? 0 : options.roomFor()),
      tooLong: () => this.#lose('size'),
    });
  }

  /**
   * Reads raw bytes, which stay as they are; a promise only where it takes time. A frame that breaks
   * the protocol ends what can be told: the peers themselves settle it on the wire.
   */
  take(part: Part): Promise<void> | undefined {
    this.#atMs = part.atMs;
    // Bytes after a close are nobody's, in the same piece as well.
    const sound = this.#closed || this.#reader.take(part.bytes);
    if (!sound && !this.#closed) this.#lose('malformed');
    const waits = this.#pending;
    return waits?.then(() => {
      if (this.#pending === waits) this.#pending = undefined;
    });
  }

  #read({ opcode, payload, compressed }: Frames): void {
    // Bytes after a close are nobody's.
    if (this.#closed) return;
    if (opcode === closeOpcode) {
      this.#closed = true;
      return this.#options.onClose(this.#from, closeOf(payload));
    }
    const kind = kinds.get(opcode);
    if (kind === undefined || this.#lost) return;
    const atMs = this.#atMs;
    const inflater = compressed ? this.#inflater : undefined;
    const unpack = (): Inflated | Promise<Inflated> =>
      inflater?.inflate(payload, this.#options.roomFor()) ?? payload;
    const tell = (bytes: Inflated): Promise<void> | undefined => this.#tell(kind, atMs, bytes);
    if (this.#pending !== undefined) {
      this.#pending = this.#pending.then(unpack).then(tell);
      return;
    }
    const bytes = unpack();
    this.#pending = bytes instanceof Promise ? bytes.then(tell) : tell(bytes);
  }

  #tell(kind: TappedMessage['kind'], atMs: number, bytes: Inflated): Promise<void> | undefined {
    if (this.#lost) return undefined;
    if (Buffer.isBuffer(bytes)) {
      return this.#options.onMessage({ from: this.#from, atMs, kind, bytes });
    }
    this.#lose(bytes === 'large' ? 'size' : 'malformed');
    return undefined;
  }

  #lose(why: Loss): void {
    if (!this.#lost) this.#options.onLost(why);
    this.#lost = true;
  }
}

function closeOf(payload: Buffer): CloseFrame {
  if (payload.length < 2) return { code: 1005, reason: '' };
  return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}

/** The compression that both sides agreed on for what one of them says; nothing where there is none. */
function deflateAgreed(
  accepted: Headers,
  from: Side,
): { readonly contextTakeover: boolean } | undefined {
  const members = headerTokens(accepted, 'sec-websocket-extensions');
  const parameters = members
    .map((member) => member.split(';').map((word) => word.trim()))
    .find(([name]) => name === 'permessage-deflate');
  if (parameters === undefined) return undefined;
  return { contextTakeover: !parameters.includes(`${from}_no_context_takeover`) };
}
