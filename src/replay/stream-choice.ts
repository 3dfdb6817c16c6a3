import type { Line, Mismatch, Otherwise, Script } from './stream-script.ts';
import type { Placed, Shelf } from './stream-shelf.ts';

/** Which recorded stream a connection is given: it may turn out to be another one, as its client goes on. */
export interface Choice {
  readonly current: () => Placed;
  /** Whether another connection had it before. */
  readonly repeated: boolean;
  /** Takes the next one at once where its server speaks first; false where the client has to. */
  readonly begin: () => boolean;
  /** Takes the next one, whatever it is; false where there is none. */
  readonly settle: () => boolean;
  /** Takes what the client says; a mismatch where no recorded stream has that. */
  readonly take: (bytes: Buffer) => Mismatch | undefined;
  readonly end: () => void;
  /** Lets what did not fit through, and all that will not. */
  readonly letThrough: () => void;
  /** What there is to say since it was last asked. */
  readonly fresh: () => readonly Line[];
}

/** So long as a client has said no more than this, it may be given another stream. */
const heardBytesMax = 16 * 1024;
/** Streams that are tried. */
const triedMax = 256;
const nothing = Buffer.alloc(0);

interface Chosen {
  readonly placed: Placed;
  readonly script: Script;
}

/** Makes a choice among the streams of a destination; nothing is chosen yet. */
export function createChoice(shelf: Shelf): Choice {
  return new StreamChoice(shelf);
}

class StreamChoice implements Choice {
  repeated = false;
  readonly #shelf: Shelf;
  #chosen: Chosen | undefined;
  /** All that the client has said, so long as that is not too much. */
  #heard: Buffer[] | undefined = [];
  #heardBytes = 0;
  #said = 0;
  #lenient = false;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  current(): Placed {
    if (this.#chosen === undefined) throw new TypeError('no stream was chosen');
    return this.#chosen.placed;
  }

  begin(): boolean {
    const [next] = this.#shelf.plays();
    return next?.play.serverFirst === true && this.settle();
  }

  settle(): boolean {
    const [next] = this.#shelf.plays();
    if (next !== undefined) this.#choose({ placed: next, script: next.play.begin() });
    return next !== undefined;
  }

  take(bytes: Buffer): Mismatch | undefined {
    this.#remember(bytes);
    const chosen = this.#chosen;
    const before = chosen?.script.misplaced ?? 0;
    const mismatch = chosen?.script.take(bytes);
    const fits = chosen !== undefined && mismatch === undefined;
    if (fits && chosen.script.misplaced === before) return undefined;
    const better = this.#lenient ? undefined : this.#better(fits ? chosen : undefined);
    if (better !== undefined) this.#choose(better);
    else if (!fits) return this.#borrow();
    return undefined;
  }

  end(): void {
    this.#chosen?.script.end();
  }

  letThrough(): void {
    this.#lenient = true;
    this.#heard = undefined;
    this.#chosen?.script.take(nothing, (got) => this.#shelf.borrow(got) ?? []);
  }

  fresh(): readonly Line[] {
    const said = this.#chosen?.script.said ?? [];
    const lines = said.slice(this.#said);
    this.#said = Math.max(this.#said, said.length);
    return lines;
  }

  /** A stream that has all that the client said in its place, or in fewer other places than the one chosen. */
  #better(chosen: Chosen | undefined): Chosen | undefined {
    const heard = this.#heard && Buffer.concat(this.#heard);
    if (heard === undefined) return undefined;
    let best = chosen;
    for (const placed of this.#shelf.plays().slice(0, triedMax)) {
      if (placed === this.#chosen?.placed) continue;
      const script = placed.play.begin();
      if (script.take(heard) !== undefined) continue;
      if (best === undefined || script.misplaced < best.script.misplaced) best = { placed, script };
      if (best.script.misplaced === 0) break;
    }
    return best === chosen ? undefined : best;
  }

  /** What no stream has in its turn may have been asked on another connection. */
  #borrow(): Mismatch | undefined {
    const otherwise: Otherwise = (got) =>
      this.#shelf.borrow(got) ?? (this.#lenient ? [] : undefined);
    if (this.#chosen !== undefined) return this.#chosen.script.take(nothing, otherwise);
    const [placed] = this.#shelf.plays();
    const heard = Buffer.concat(this.#heard ?? []);
    if (placed === undefined) return { offset: 0, expected: undefined, got: heard };
    const script = placed.play.begin();
    const mismatch = script.take(heard, otherwise);
    if (mismatch === undefined) this.#choose({ placed, script });
    return mismatch;
  }

  #choose(chosen: Chosen): void {
    // What another connection had before is not given back.
    const instead = this.repeated ? undefined : this.#chosen?.placed;
    this.repeated = this.#shelf.isClaimed(chosen.placed);
    this.#shelf.claim(chosen.placed, instead);
    this.#chosen = chosen;
  }

  #remember(bytes: Buffer): void {
    this.#heardBytes += bytes.length;
    // The first piece is looked at in any case.
    const isMuch = this.#heardBytes > heardBytesMax && this.#chosen !== undefined;
    if (isMuch) this.#heard = undefined;
    else this.#heard?.push(bytes);
  }
}
