import type { Interaction } from '../exchange/interaction.ts';
import { createPrompter, cueOfEnding } from './stream-cues.ts';
import type { WordStandIns } from './word-stand-ins.ts';
import { createWordStandIns, wordAt } from './word-stand-ins.ts';
import type { Cue, Line, Mismatch, Otherwise, Script } from './stream-script.ts';

/** What a client said between two things that the server said; or that it said its last. */
interface Turn {
  readonly bytes: Buffer;
  readonly end: boolean;
}

/** A script whose client has to say byte for byte what was recorded, but for what it makes up. */
export function createByteScript(interaction: Interaction): Script {
  const { turns, cues } = turnsOf(interaction);
  return new ByteScript(turns, cues);
}

class ByteScript implements Script {
  readonly said: Line[] = [];
  readonly misplaced = 0;
  readonly #turns: readonly Turn[];
  readonly #due: (come: number) => readonly Line[];
  readonly #standIns: WordStandIns = createWordStandIns();
  /** Turns that have come, and bytes before the one that is coming. */
  #come = 0;
  #offset = 0;
  /** What came of the turn that is coming, and how much of it was found to be equal. */
  #held: Buffer = Buffer.alloc(0);
  #equal = 0;

  constructor(turns: readonly Turn[], cues: readonly Cue[]) {
    this.#turns = turns;
    this.#due = createPrompter(cues).due;
    this.#say();
  }

  take(bytes: Buffer, otherwise?: Otherwise): Mismatch | undefined {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    while (this.#held.length > 0) {
      const turn = this.#turns[this.#come];
      if (turn === undefined || turn.end) {
        if (otherwise?.(this.#held) === undefined) return this.#mismatch(undefined);
        this.#held = Buffer.alloc(0);
        return undefined;
      }
      const found = this.#compare(turn.bytes);
      if (found === 'more') return undefined;
      if (found === 'different' && otherwise?.(this.#held) === undefined) {
        return this.#mismatch(turn.bytes);
      }
      // What differs and is let through counts by its length.
      if (this.#held.length < turn.bytes.length) return undefined;
      this.#turnOver(turn.bytes.length);
    }
    return undefined;
  }

  end(): void {
    if (this.#turns[this.#come]?.end === true) this.#turnOver(0);
  }

  /** Goes on comparing where it stopped. */
  #compare(recorded: Buffer): 'equal' | 'different' | 'more' {
    const held = this.#held;
    const length = Math.min(held.length, recorded.length);
    while (this.#equal < length) {
      this.#equal = firstDifference(recorded, held, { from: this.#equal, to: length });
      if (this.#equal === length) break;
      const word = wordAt(recorded, this.#equal);
      if (word === undefined || !word.madeUp) return 'different';
      if (held.length < word.to) return 'more';
      const got = held.toString('latin1', word.from, word.to);
      if (!this.#standIns.stands(word, got)) return 'different';
      this.#equal = word.to;
    }
    return held.length < recorded.length ? 'more' : 'equal';
  }

  #turnOver(length: number): void {
    this.#held = this.#held.subarray(length);
    this.#offset += length;
    this.#equal = 0;
    this.#come += 1;
    this.#say();
  }

  #say(): void {
    for (const line of this.#due(this.#come)) {
      const bytes = line.bytes && this.#standIns.put(line.bytes);
      this.said.push({ ...line, bytes });
    }
  }

  #mismatch(expected: Buffer | undefined): Mismatch {
    const offset = this.#offset + this.#equal;
    const got = this.#held.subarray(this.#equal);
    return { offset, expected: expected?.subarray(this.#equal), got };
  }
}

function firstDifference(
  one: Buffer,
  other: Buffer,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  if (one.compare(other, from, to, from, to) === 0) return to;
  let at = from;
  while (one[at] === other[at]) at += 1;
  return at;
}

/** What the client said, taken together as far as the server kept silent, and when the server spoke. */
function turnsOf(interaction: Interaction): {
  readonly turns: readonly Turn[];
  readonly cues: readonly Cue[];
} {
  const turns: Turn[] = [];
  const cues: Cue[] = [];
  let coming: Buffer[] = [];
  const turnOver = (): void => {
    if (coming.length > 0) turns.push({ bytes: Buffer.concat(coming), end: false });
    coming = [];
  };
  let previousMs = 0;
  for (const { from, kind, bytes, atMs } of interaction.messages ?? []) {
    const delayMs = Math.max(0, atMs - previousMs);
    previousMs = atMs;
    if (from === 'client' && kind !== 'end') {
      coming.push(bytes);
      continue;
    }
    turnOver();
    if (from === 'client') turns.push({ bytes: Buffer.alloc(0), end: true });
    else {
      const line = { atMs, delayMs, bytes: kind === 'end' ? undefined : bytes };
      cues.push({ after: turns.length, line });
    }
  }
  turnOver();
  return { turns, cues: [...cues, ...cueOfEnding(interaction, turns.length)] };
}
