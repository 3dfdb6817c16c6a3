import { join } from 'node:path';
import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { redactInteraction } from '../redaction/redaction.ts';
import { errorCode } from '../support/system-error.ts';
import { BodyFile } from './body-file.ts';
import type { Draft, DraftStart, Take } from './cassette.ts';
import { compact } from './compaction.ts';
import { Drafts } from './drafts.ts';
import { endFrame, interactionFrame } from './log-frames.ts';
import { type OpenLog, openLog, probe } from './log-opening.ts';
import { LogWriter } from './log-writer.ts';
import type { Places } from './names.ts';
import { type Store, type Survey, survey, unwritable } from './store.ts';
import { sweepLeftovers } from './sweep.ts';

/**
 * Begins a take.
 * @throws Failure CASSETTE_UNWRITABLE first, CASSETTE_UNREADABLE, CASSETTE_AMBIGUOUS, and of the log
 * or of a compaction that is made up for CASSETTE_CORRUPT, CASSETTE_BODY_MISSING, CASSETTE_VERSION_UNKNOWN
 */
export async function beginTake(store: Store, places: Places, adds: boolean): Promise<Take> {
  await probe(store, places);
  const found = await surveyAfterCompaction(store, places);
  const opened = await openLog(store, found, adds);
  await sweepLeftovers(store, places);
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

const bodyFileBytesDefault = 1024 * 1024;

class LogTake implements Take {
  readonly #store: Store;
  readonly #places: Places;
  readonly #writer: LogWriter;
  readonly #drafts: Drafts;
  readonly #bodyFileBytes: number;
  readonly #before: number;
  readonly #displaced: boolean;
  #hasWritten = false;
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
    this.#bodyFileBytes = store.options.bodyFileBytes ?? bodyFileBytesDefault;
    this.#writer = new LogWriter({ path: places.log, file, position, options: store.options });
    this.#drafts = new Drafts({
      bodyFileBytes: this.#bodyFileBytes,
      write: (id, frames) => this.#write(id, frames),
      room: () => this.#writer.room(),
      makeBody: () => this.#makeBody(),
      keepBody: (body, sha256) => this.#keepBody(body, sha256),
      append: (interaction) => this.#append(interaction),
      onEnding: () => this.#accept(),
    });
  }

  get recorded(): number {
    return this.#recorded;
  }

  get failure(): Failure | undefined {
    return this.#failure ?? this.#writer.failure;
  }

  async append(interaction: Interaction): Promise<void> {
    const { request, response } = interaction;
    if (this.#isLarge(request.body) || this.#isLarge(response?.body)) {
      return this.begin(interaction).finish(interaction);
    }
    this.#accept();
    await this.#append(interaction);
    this.#recorded += 1;
  }

  begin(start: DraftStart): Draft {
    const draft = this.#drafts.begin(start);
    return {
      ...draft,
      finish: async (end) => {
        try {
          await draft.finish(end);
        } catch (error) {
          throw this.failure ?? error;
        }
        this.#recorded += 1;
      },
    };
  }

  finish(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  discard(): Promise<void> {
    this.#closed ??= this.#discard();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#drafts.settle();
    // A file of a body may have failed before the log did.
    await this.#writer.close().catch(() => undefined);
    if (this.failure !== undefined) throw this.failure;
  }

  async #discard(): Promise<void> {
    // What stood in the log before, or was written by now, is nobody's to throw away.
    if (this.#before > 0 || this.#hasWritten) return this.#close();
    await this.#close().catch(() => undefined);
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
    await this.#drafts.settle();
    if (this.failure === undefined) {
      // What was appended stands before the mark; a failure of it refuses the mark too.
      await this.#writer.append(endFrame(this.#before + this.#accepted)).catch(() => undefined);
    }
    await this.#close();
    try {
      await compact(this.#store, await survey(this.#store, this.#places));
    } catch (error) {
      if (!(error instanceof Failure) && errorCode(error) === undefined) throw error;
      const words = error instanceof Failure ? error.message : errorCode(error);
      throw this.#failed(`the take is whole, but not yet made a cassette (${words})`, error);
    }
  }

  #append(interaction: Interaction): Promise<void> {
    return this.#write(interaction.id, () => interactionFrame(redactInteraction(interaction)));
  }

  async #write(id: string, frames: () => readonly Buffer[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.#hasWritten = true;
    await this.#writer.append(this.#made(id, frames));
  }

  #made(id: string, frames: () => readonly Buffer[]): readonly Buffer[] {
    try {
      return frames();
    } catch (error) {
      this.#failure ??= this.#failed(`interaction ${id} cannot be written`, error);
      throw this.#failure;
    }
  }

  #accept(): void {
    if (this.#closed !== undefined) throw this.#failed('the take is closed');
    if (this.failure !== undefined) throw this.failure;
    this.#accepted += 1;
  }

  #isLarge(body: Buffer | undefined): boolean {
    return body !== undefined && body.length > this.#bodyFileBytes;
  }

  #makeBody(): BodyFile {
    const { disk, options } = this.#store;
    return new BodyFile({
      disk,
      folder: this.#places.bodies,
      fsync: options.fsync,
      onFailure: (path, error) => {
        const words = `${path}: ${errorCode(error) ?? String(error)}`;
        this.#failure ??= new Failure('RECORDING_FAILED', words, { cause: error });
        options.onWrite?.(0, true);
      },
    });
  }

  /** The log names the file by either name, so that nothing is lost where this is cut or fails. */
  async #keepBody({ name }: BodyFile, sha256: string): Promise<void> {
    const { bodies } = this.#places;
    await this.#store.disk.rename(join(bodies, name), join(bodies, sha256)).catch(() => undefined);
  }

  #failed(words: string, cause?: unknown): Failure {
    return new Failure('RECORDING_FAILED', `${this.#places.log}: ${words}`, { cause });
  }
}
