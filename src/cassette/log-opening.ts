import { hash, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type Disk, type OpenFile, readWhole, removeFolders } from './disk.ts';
import type { LogContent } from './log.ts';
import { beginFrame, logHeader } from './log-frames.ts';
import type { Places } from './names.ts';
import { onlyCassette, type Store, type Survey, unwritable } from './store.ts';

/** An open log, and where its next frame goes. */
export interface OpenLog {
  readonly file: OpenFile;
  readonly position: number;
  /** Interactions that stood in it before. */
  readonly before: number;
  /** Whether an earlier log was put aside for it. */
  readonly displaced: boolean;
}

/** Enough that a volume which is full, or all but full, is found out. */
const probeBytes = 64 * 1024;

/**
 * Writes and removes a file, since permissions alone do not tell a read-only or full volume. Leaves
 * nothing behind but, where it succeeds, the folder.
 * @throws Failure CASSETTE_UNWRITABLE
 */
export async function probe({ disk }: Store, places: Places): Promise<void> {
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

/**
 * Opens the log of a take: a new one, or the one that a take which adds goes on with.
 * @throws Failure CASSETTE_AMBIGUOUS, CASSETTE_UNWRITABLE
 */
export async function openLog(store: Store, found: Survey, adds: boolean): Promise<OpenLog> {
  try {
    return await open(store, found, adds);
  } catch (error) {
    throw unwritable(found.places.log, error);
  }
}

async function open(store: Store, found: Survey, adds: boolean): Promise<OpenLog> {
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
  const fits = adds
    ? log?.begin?.adds === true || cassette === undefined
    : store.options.resumes === true && log?.begin?.adds === false;
  return log?.begin !== undefined && fits
    ? continueLog(store, log, pieces)
    : newLog(store, found, pieces);
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
  const position = log.soundBytes + lengthOf(pieces);
  return { file, position, before: log.entries.length, displaced: false };
}

async function newLog(store: Store, found: Survey, frame: readonly Buffer[]): Promise<OpenLog> {
  const { log, aside } = found.places;
  const displaced = await putAside(store.disk, found);
  const pieces = [logHeader, ...frame];
  try {
    const file = await makeLog(store, log, pieces);
    return { file, position: lengthOf(pieces), before: 0, displaced };
  } catch (error) {
    await store.disk.remove(log).catch(() => undefined);
    if (displaced) await store.disk.rename(aside, log).catch(() => undefined);
    throw error;
  }
}

async function makeLog(
  { disk, options }: Store,
  path: string,
  pieces: readonly Buffer[],
): Promise<OpenFile> {
  const file = await disk.open(path, 'make');
  try {
    await file.write(0, pieces);
    if (options.fsync === 'never') return file;
    await file.sync();
    await disk.syncFolder(dirname(path));
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** A log of no more than this many bytes, and without a sound first record, was cut while it began. */
const begunBytesMax = 8 * 1024;

/** An unfinished log waits beside the new one; one without interactions displaces no older one that has some. */
async function putAside(disk: Disk, { log, logBytes, places }: Survey): Promise<boolean> {
  if (logBytes === undefined) return false;
  const holdsSome = log === undefined ? logBytes > begunBytesMax : log.entries.length > 0;
  if (holdsSome) await disk.rename(places.log, places.aside);
  else await disk.remove(places.log);
  return holdsSome;
}
