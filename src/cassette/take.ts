import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { redactInteraction } from '../redaction/redaction.ts';
import { errorCode } from '../support/system-error.ts';
import type { Draft, DraftStart, Take } from './cassette.ts';
import { compact } from './compaction.ts';
import { createDraft } from './draft.ts';
import { endFrame, interactionFrame } from './log.ts';
import { type OpenLog, openLog, probe } from './log-opening.ts';
import { LogWriter } from './log-writer.ts';
import type { Places } from './names.ts';
import { type Store, type Survey, survey, unwritable } from './store.ts';

/**
 * Begins a take.
 * @throws Failure CASSETTE_UNWRITABLE first, CASSETTE_UNREADABLE, CASSETTE_AMBIGUOUS, and of the log
 * or of a compaction that is made up for CASSETTE_CORRUPT, CASSETTE_VERSION_UNKNOWN
 */
export async function beginTake(store: Store, places: Places, adds: boolean): Promise<Take> {
  await probe(store, places);
  const found = await surveyAfterCompaction(store, places);
  const opened = await openLog(store, found, adds);
  // Of a take that is resumed, what stands there is its own; of one that adds, the recording's.
  return new LogTake(store, places, { ...opened, own: adds ? 0 : opened.before });
}

async function surveyAfterCompaction(store: Store, places: Places): Promise<Survey> {
  const found = await survey(store, places);
  if (found.log?.ended !== true) return found;
  try {
    await compact(store, found);
  } catch (error) {
    throw unwritable(places.log, error);
  }
  return survey(store, places);
}

class LogTake implements Take {
  readonly #store: Store;
  readonly #places: Places;
  readonly #writer: LogWriter;
  readonly #before: number;
  readonly #displaced: boolean;
  #accepted = 0;
  #recorded = 0;
  #failure: Failure | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    store: Store,
    places: Places,
    { file, position, before, displaced, own }: OpenLog & { readonly own: number },
  ) {
    this.#displaced = displaced;
    this.#store = store;
    this.#places = places;
    this.#before = before;
    this.#recorded = own;
    this.#writer = new LogWriter({ path: places.log, file, position, options: store.options });
  }

  get recorded(): number {
    return this.#recorded;
  }

  get failure(): Failure | undefined {
    return this.#failure ?? this.#writer.failure;
  }

  async append(interaction: Interaction): Promise<void> {
    if (this.#closed !== undefined) throw this.#failed('the take is closed');
    if (this.failure !== undefined) throw this.failure;
    const written = this.#writer.append(this.#frame(interaction));
    this.#accepted += 1;
    await written;
    this.#recorded += 1;
  }

  begin(start: DraftStart): Draft {
    return createDraft(start, (interaction) => this.append(interaction));
  }

  finish(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  close(): Promise<void> {
    this.#closed ??= this.#writer.close();
    return this.#closed;
  }

  discard(): Promise<void> {
    this.#closed ??= this.#discard();
    return this.#closed;
  }

  async #discard(): Promise<void> {
    // What stood in the log before, or was written by now, is nobody's to throw away.
    if (this.#before > 0 || this.#accepted > 0) return this.#writer.close();
    await this.#writer.close().catch(() => undefined);
    const { disk } = this.#store;
    const { log, aside } = this.#places;
    try {
      if (this.#displaced) await disk.rename(aside, log);
      else await disk.remove(log);
    } catch (error) {
      throw unwritable(log, error);
    }
  }

  async #finish(): Promise<void> {
    if (this.failure === undefined) {
      // What was appended stands before the mark; a failure of it refuses the mark too.
      await this.#writer.append(endFrame(this.#before + this.#accepted)).catch(() => undefined);
    }
    await this.#writer.close();
    if (this.failure !== undefined) throw this.failure;
    try {
      await compact(this.#store, await survey(this.#store, this.#places));
    } catch (error) {
      if (!(error instanceof Failure) && errorCode(error) === undefined) throw error;
      const words = error instanceof Failure ? error.message : errorCode(error);
      throw this.#failed(`the take is whole, but not yet made a cassette (${words})`, error);
    }
  }

  #frame(interaction: Interaction): readonly Buffer[] {
    try {
      return interactionFrame(redactInteraction(interaction));
    } catch (error) {
      this.#failure ??= this.#failed(`interaction ${interaction.id} cannot be written`, error);
      throw this.#failure;
    }
  }

  #failed(words: string, cause?: unknown): Failure {
    return new Failure('RECORDING_FAILED', `${this.#places.log}: ${words}`, { cause });
  }
}
