/**
 * What a client made up in this run for what it had made up while it was recorded: ids, nonces, the
 * names of inboxes. They are learnt where both stand in one place, and are as long as each other, so
 * that no length that a protocol tells becomes wrong.
 */
export interface WordStandIns {
  /** Whether some bytes are the recorded ones but for what was made up; what is new in them is learnt then. */
  readonly same: (recorded: Buffer, got: Buffer) => boolean;
  /** Whether a word may stand for a recorded one; if so it is learnt. */
  readonly stands: (recorded: Word, got: string) => boolean;
  /** The bytes with each recorded word replaced that another one stands for. */
  readonly put: (bytes: Buffer) => Buffer;
}

/** A word of some bytes: a run of letters, digits, hyphens and underscores. */
export interface Word {
  readonly text: string;
  /** Where it begins and ends. */
  readonly from: number;
  readonly to: number;
  /** Whether it looks made up by a program, so that it is another in every run. */
  readonly madeUp: boolean;
}

/** Words that are learnt for one connection at most. */
const learntMax = 10_000;
const wordBytesMax = 256;

/** Makes stand-ins that know nothing yet. */
export function createWordStandIns(): WordStandIns {
  const learnt = new Map<string, string>();
  const stands = (recorded: Word, got: string): boolean => {
    const known = learnt.get(recorded.text);
    if (known !== undefined) return known === got;
    if (!recorded.madeUp || !isWord(got) || learnt.size >= learntMax) return false;
    learnt.set(recorded.text, got);
    return true;
  };
  return {
    stands,
    same(recorded, got) {
      if (recorded.length !== got.length) return false;
      if (recorded.equals(got)) return true;
      const pairs = differences(recorded, got);
      return pairs?.every(([word, other]) => stands(word, other)) ?? false;
    },
    put(bytes) {
      if (learnt.size === 0) return bytes;
      const text = bytes.toString('latin1');
      const replaced = text.replace(/[\w-]+/g, (word) => learnt.get(word) ?? word);
      return replaced === text ? bytes : Buffer.from(replaced, 'latin1');
    },
  };
}

/** The word around a place; nothing where there is none, or it is longer than any that is made up. */
export function wordAt(bytes: Buffer, place: number): Word | undefined {
  if (!isWordByte(bytes[place])) return undefined;
  let from = place;
  let to = place + 1;
  while (from > 0 && place - from < wordBytesMax && isWordByte(bytes[from - 1])) from -= 1;
  while (to < bytes.length && to - from <= wordBytesMax && isWordByte(bytes[to])) to += 1;
  if (to - from > wordBytesMax) return undefined;
  const text = bytes.toString('latin1', from, to);
  const before = bytes.toString('latin1', Math.max(0, from - inboxBytesMax), from);
  return { text, from, to, madeUp: isMadeUp(text, before) };
}

const inboxBytesMax = 128;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** UUIDs, long words of letters and digits or of both cases, and what follows the inbox of a NATS client. */
function isMadeUp(text: string, before: string): boolean {
  if (uuid.test(text)) return true;
  if (/\b_INBOX\.(?:[\w-]+\.)*$/.test(before)) return text.length >= 4;
  if (text.length < 16) return false;
  return (/\d/.test(text) && /[a-z]/i.test(text)) || (/[a-z]/.test(text) && /[A-Z]/.test(text));
}

/** The words in which two buffers of one length differ; nothing where they differ in what is no word. */
function differences(recorded: Buffer, got: Buffer): (readonly [Word, string])[] | undefined {
  const pairs: (readonly [Word, string])[] = [];
  for (let at = 0; at < recorded.length; at += 1) {
    if (recorded[at] === got[at]) continue;
    const word = wordAt(recorded, at);
    if (word === undefined) return undefined;
    pairs.push([word, got.toString('latin1', word.from, word.to)]);
    at = word.to - 1;
  }
  return pairs;
}

function isWord(text: string): boolean {
  return /^[\w-]+$/.test(text);
}

/** As `\w` and the hyphen. */
function isWordByte(byte = 0): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return isDigit || isLetter || byte === 0x5f || byte === 0x2d;
}
