import type { Dialect } from './dialect.ts';
import type { WordStandIns } from './word-stand-ins.ts';
import { createWordStandIns } from './word-stand-ins.ts';
import { createPrompter } from './stream-cues.ts';
import type { Line, Mismatch, Otherwise, Script } from './stream-script.ts';
import type { Ask, Units } from './stream-units.ts';

/** How far ahead a thing said too early is looked for. */
const aheadMax = 4_096;
/** By how much a thing said may be longer than any that was recorded, before it is given up. */
const longerBytesMax = 64 * 1024;

/**
 * A script whose client has to say the things that were recorded, in whatever order: those that run
 * at once in one program, and share a connection, come in another order each time.
 */
export function createUnitScript(units: Units): Script {
  return new UnitScript(units);
}

class UnitScript implements Script {
  readonly said: Line[] = [];
  misplaced = 0;
  readonly #dialect: Dialect;
  readonly #asks: readonly Ask[];
  readonly #bytesMax: number;
  readonly #due: (come: number) => readonly Line[];
  readonly #standIns: WordStandIns = createWordStandIns();
  readonly #has: Uint8Array;
  /** The first thing that has not come, and the place after the one that came last. */
  #first = 0;
  #cursor = 0;
  #offset = 0;
  #held: Buffer = Buffer.alloc(0);

  constructor({ dialect, asks, cues, askBytesMax }: Units) {
    this.#dialect = dialect;
    this.#asks = asks;
    this.#bytesMax = askBytesMax + longerBytesMax;
    this.#has = new Uint8Array(asks.length);
    this.#due = createPrompter(cues).due;
    this.#say(this.#due(0));
  }

  take(bytes: Buffer, otherwise?: Otherwise): Mismatch | undefined {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    while (this.#held.length > 0) {
      const length = this.#dialect.cut(this.#held, 'client');
      const isLong = this.#held.length > this.#bytesMax;
      if (length === 'more' && !isLong) return undefined;
      const got = typeof length === 'number' ? this.#held.subarray(0, length) : this.#held;
      if (!this.#hear(got, otherwise)) return this.#mismatch(got);
      this.#held = this.#held.subarray(got.length);
      this.#offset += got.length;
    }
    return undefined;
  }

  end(): void {
    if (this.#first === this.#asks.length) this.#say(this.#due(this.#first + 1));
  }

  /** Whether a thing said belongs here. */
  #hear(got: Buffer, otherwise: Otherwise | undefined): boolean {
    const meaning = this.#dialect.meaning(got, 'client');
    if (meaning.type === 'idle') {
      if (meaning.reply !== undefined) this.#say([{ atMs: 0, delayMs: 0, bytes: meaning.reply }]);
      return true;
    }
    const key = meaning.type === 'said' ? meaning.key : undefined;
    const place = this.#find(got, key);
    if (place !== undefined) {
      if (place !== this.#first) this.misplaced += 1;
      this.#comes(place);
      return true;
    }
    const lines = otherwise?.(got);
    if (lines !== undefined) this.#say(lines);
    return lines !== undefined;
  }

  /** The one after the last comes first: what belongs together was said together. */
  #find(got: Buffer, key: string | undefined): number | undefined {
    const fits = (place: number): boolean => {
      const ask = this.#asks[place];
      if (ask === undefined || this.#has[place] === 1) return false;
      return ask.key === undefined ? this.#standIns.same(ask.bytes, got) : ask.key === key;
    };
    if (fits(this.#cursor)) return this.#cursor;
    const last = Math.min(this.#asks.length, this.#first + aheadMax);
    for (let place = this.#first; place < last; place += 1) if (fits(place)) return place;
    return undefined;
  }

  #comes(place: number): void {
    this.#has[place] = 1;
    this.#cursor = place + 1;
    while (this.#has[this.#first] === 1) this.#first += 1;
    this.#say(this.#asks[place]?.replies ?? []);
    this.#say(this.#due(this.#first));
  }

  #say(lines: readonly Line[]): void {
    for (const line of lines) {
      this.said.push({ ...line, bytes: line.bytes && this.#standIns.put(line.bytes) });
    }
  }

  #mismatch(got: Buffer): Mismatch {
    return { offset: this.#offset, expected: this.#asks[this.#first]?.bytes, got };
  }
}
