import type { Side } from '../exchange/conversation.ts';

/** How far something said reaches in some bytes: its length, more is needed, or it is none of this protocol. */
export type Cut = number | 'more' | 'broken';

/** What a thing said is to a replay. */
export type Meaning =
  /** It has to be said again: as it was, or where `key` is given with an equal key. */
  | { readonly type: 'said'; readonly key?: string }
  /** Keeps the connection alive, or answers what does: said at any time, or not at all; answered with `reply`. */
  | { readonly type: 'idle'; readonly reply?: Buffer }
  /** Answers what was asked longest ago (of a server whose protocol is `asking`). */
  | { readonly type: 'reply' };

/**
 * As much of a protocol as a replay needs to know: where things said begin and end, and which of them
 * differ from run to run. It is no codec: what they mean beyond that is between the two sides.
 */
export interface Dialect {
  readonly name: string;
  /** How far the first thing said in some bytes reaches. */
  readonly cut: (bytes: Buffer, from: Side) => Cut;
  readonly meaning: (said: Buffer, from: Side) => Meaning;
  /** Replies to each thing asked; left out where nothing is asked, but said. */
  readonly repliesTo?: (asked: Buffer) => number;
  /** Whether the reply to it may be long in coming, so that it is not to be given twice. */
  readonly waits?: (asked: Buffer) => boolean;
}
