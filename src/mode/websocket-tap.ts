import type { Part, PartKind, Side } from '../exchange/conversation.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerTokens } from '../exchange/headers.ts';
import type { RecordedMessage, Truncated } from '../exchange/interaction.ts';
import type { Inflated } from '../support/inflate-messages.ts';
import { createInflater } from '../support/inflate-messages.ts';
import type { Frames } from '../support/websocket-frames.ts';
import { createFrameReader } from '../support/websocket-frames.ts';

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

/** Reads the WebSocket frames of one direction as they pass. */
export interface FrameTap {
  /**
   * Reads raw bytes, which stay as they are; a promise only where it takes time. A frame that breaks
   * the protocol ends what can be told: the peers themselves settle it on the wire.
   */
  readonly take: (part: Part) => Promise<void> | undefined;
}

const kinds: ReadonlyMap<number, TappedMessage['kind']> = new Map([
  [1, 'text'],
  [2, 'binary'],
  [9, 'ping'],
  [10, 'pong'],
]);
const closeOpcode = 8;

/** Makes a tap for what one side says. */
export function createFrameTap(from: Side, options: TapOptions): FrameTap {
  const { accepted, roomFor, onMessage, onClose, onLost } = options;
  const deflate = deflateAgreed(accepted, from);
  const inflater = deflate && createInflater(deflate);
  let atMs = 0;
  let lost = false;
  let closed = false;
  let pending: Promise<void> | undefined;
  const lose = (why: Loss): void => {
    if (!lost) onLost(why);
    lost = true;
  };
  const tell = (kind: TappedMessage['kind'], bytes: Inflated, at: number): typeof pending => {
    if (lost) return undefined;
    if (Buffer.isBuffer(bytes)) return onMessage({ from, atMs: at, kind, bytes });
    lose(bytes === 'large' ? 'size' : 'malformed');
    return undefined;
  };
  const read = ({ opcode, payload, compressed }: Frames): void => {
    if (closed) return;
    const kind = kinds.get(opcode);
    if (opcode === closeOpcode) {
      closed = true;
      return onClose(from, closeOf(payload));
    }
    if (kind === undefined || lost) return;
    const [at, plain] = [atMs, compressed && inflater ? undefined : payload];
    const bytes = (): Inflated | Promise<Inflated> =>
      plain ?? inflater?.inflate(payload, roomFor()) ?? 'broken';
    if (pending === undefined) {
      const got = bytes();
      pending =
        got instanceof Promise ? got.then((one) => tell(kind, one, at)) : tell(kind, got, at);
    } else {
      pending = pending.then(bytes).then((one) => tell(kind, one, at));
    }
  };
  const reader = createFrameReader({
    masked: from === 'client',
    compresses: deflate !== undefined,
    onFrames: read,
    roomFor: () => (lost ? 0 : roomFor()),
    tooLong: () => lose('size'),
  });
  return {
    take(part) {
      ({ atMs } = part);
      if (!closed && !reader.take(part.bytes)) lose('malformed');
      const waits = pending;
      if (waits === undefined) return undefined;
      return waits.then(() => {
        if (pending === waits) pending = undefined;
      });
    },
  };
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
