import type { Draft, DraftStart } from './cassette.ts';
import { type DraftPlace, LogDraft } from './draft.ts';

/** Milliseconds that what was said waits for more, so that it is written together. */
const batchMs = 10;

/** What the drafts of a take need of it. */
export interface DraftsPlace
  extends Pick<DraftPlace, 'bodyFileBytes' | 'room' | 'makeBody' | 'keepBody' | 'append'> {
  /** Writes frames of the interaction of that id. */
  readonly write: (id: string, frames: () => readonly Buffer[]) => Promise<void>;
  /** Called as one of them is about to end. @throws Failure where the take takes no more */
  readonly onEnding: () => void;
}

/** The interactions of a take that are on their way. */
export class Drafts {
  readonly #place: DraftsPlace;
  readonly #open = new Set<LogDraft>();
  readonly #unwritten = new Set<LogDraft>();
  readonly #ending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #begun = 0;

  constructor(place: DraftsPlace) {
    this.#place = place;
  }

  /** Begins one. */
  begin(start: DraftStart): Draft {
    const { write } = this.#place;
    const draft: LogDraft = new LogDraft(
      {
        ...this.#place,
        number: this.#begun++,
        write: (frames) => write(start.id, frames),
        flushSoon: () => this.#flushSoon(draft),
      },
      start,
    );
    this.#open.add(draft);
    return {
      answered: (response) => draft.answered(response),
      add: (message) => draft.add(message),
      finish: (end) => {
        const ended = this.#end(draft, () => draft.finish(end));
        this.#ending.add(ended);
        const forget = (): void => void this.#ending.delete(ended);
        ended.then(forget, forget);
        return ended;
      },
    };
  }

  /** Waits for those that are ending, and leaves the others as they are. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.allSettled(this.#ending);
    for (const draft of this.#open) await draft.leave();
  }

  async #end(draft: LogDraft, finish: () => Promise<void>): Promise<void> {
    this.#open.delete(draft);
    this.#unwritten.delete(draft);
    try {
      this.#place.onEnding();
      await finish();
    } finally {
      await draft.leave();
    }
  }

  #flushSoon(draft: LogDraft): void {
    this.#unwritten.add(draft);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const one of this.#unwritten) one.flush();
      this.#unwritten.clear();
    }, batchMs).unref();
  }
}
