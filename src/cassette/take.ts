import { hash, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { redactInteraction } from '../redaction/redaction.ts';
import type { Take } from './cassette.ts';
import { compact } from './compaction.ts';
import { type Disk, errorCode, type OpenFile, readWhole, removeFolders } from './disk.ts';
import { beginFrame, endFrame, interactionFrame, type LogContent, logHeader } from './log.ts';
import { LogWriter } from './log-writer.ts';
import type { Places } from './names.ts';
import { onlyCassette, type Store, type Survey, survey, unwritable } from './store.ts';

/**
 * Begins a take.
 * @throws Failure CASSETTE_UNWRITABLE first, CASSETTE_UNREADABLE, CASSETTE_AMBIGUOUS, and of the log
 * or of a compaction that is made up for CASSETTE_CORRUPT, CASSETTE_VERSION_UNKNOWN
 */
export async function beginTake(store: Store, places: Places, adds: boolean): Promise<Take> {
  await probe(store, places);
  const found = await surveyAfterCompaction(store, places);
  try {
    const log = await openLog(store, found, adds);
    return new LogTake(store, places, log);
  } catch (error) {
    throw unwritable(places.log, error);
  }
}

/** An open log, and where its next frame goes. */
interface OpenLog {
  readonly file: OpenFile;
  readonly position: number;
  /** Interactions that stood in it before. */
  readonly before: number;
}

/** Enough that a volume which is full, or all but full, is found out. */
const probeBytes = 64 * 1024;

/** Writes and removes a file, since permissions alone do not tell a read-only or full volume. */
async function probe({ disk }: Store, places: Places): Promise<void> {
  const folder = dirname(places.log);
  const path = join(folder, `.magneto-${randomUUID()}.tmp`);
  let made: string | undefined;
  try {
    made = await disk.makeFolder(folder);
    const file = await disk.open(path, 'make');
    try {
      await file.write(0, [Buffer.alloc(probeBytes)]);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.remove(path);
    if (made !== undefined) await syncNewFolders(disk, folder, dirname(made));
  } catch (error) {
    await disk.remove(path).catch(() => undefined);
    if (made !== undefined) await removeFolders(disk, folder, made);
    throw unwritable(folder, error);
  }
}

async function syncNewFolders(disk: Disk, from: string, to: string): Promise<void> {
  for (let folder = dirname(from); folder.length >= to.length; folder = dirname(folder)) {
    await disk.syncFolder(folder);
    if (folder === dirname(folder)) return;
  }
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

async function openLog(store: Store, found: Survey, adds: boolean): Promise<OpenLog> {
  const { disk } = store;
  const { log, places } = found;
  const cassette = onlyCassette(found);
  const bytes = adds && cassette !== undefined ? await readWhole(disk, cassette.file) : undefined;
  const pieces = beginFrame({
    name: places.name,
    startedAt: new Date().toISOString(),
    adds,
    base: bytes === undefined ? '' : hash('sha256', bytes, 'hex'),
  });
  // A take that was to replace the cassette is not gone on with by one that adds to it.
  const goesOn = adds && log?.begin !== undefined && (log.begin.adds || cassette === undefined);
  return goesOn ? continueLog(store, log, pieces) : newLog(store, found, pieces);
}

async function continueLog(
  { disk, options }: Store,
  log: LogContent,
  pieces: readonly Buffer[],
): Promise<OpenLog> {
  const file = await disk.open(log.path, 'change');
  try {
    await file.truncate(log.soundBytes);
    await file.write(log.soundBytes, pieces);
    if (options.fsync !== 'never') await file.sync();
  } catch (error) {
    await file.truncate(log.soundBytes).catch(() => undefined);
    await file.close().catch(() => undefined);
    throw error;
  }
  return { file, position: log.soundBytes + lengthOf(pieces), before: log.entries.length };
}

async function newLog(
  { disk, options }: Store,
  found: Survey,
  frame: readonly Buffer[],
): Promise<OpenLog> {
  const path = found.places.log;
  if (found.logStands) await putAside(disk, found);
  const file = await disk.open(path, 'make');
  const pieces = [logHeader, ...frame];
  try {
    await file.write(0, pieces);
    if (options.fsync !== 'never') {
      await file.sync();
      await disk.syncFolder(dirname(path));
    }
  } catch (error) {
    await file.close().catch(() => undefined);
    await disk.remove(path).catch(() => undefined);
    throw error;
  }
  return { file, position: lengthOf(pieces), before: 0 };
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** An unfinished log waits beside the new one; one without interactions displaces no older one that has some. */
async function putAside(disk: Disk, { log, places }: Survey): Promise<void> {
  if (log !== undefined && log.entries.length > 0) await disk.rename(places.log, places.aside);
  else await disk.remove(places.log);
}

class LogTake implements Take {
  readonly #store: Store;
  readonly #places: Places;
  readonly #writer: LogWriter;
  readonly #before: number;
  #accepted = 0;
  #recorded = 0;
  #failure: Failure | undefined;
  #closed: Promise<void> | undefined;

  constructor(store: Store, places: Places, { file, position, before }: OpenLog) {
    this.#store = store;
    this.#places = places;
    this.#before = before;
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

  finish(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  close(): Promise<void> {
    this.#closed ??= this.#writer.close();
    return this.#closed;
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
