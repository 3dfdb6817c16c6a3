import { createHash, hash } from 'node:crypto';
import { Failure } from '../exchange/failure.ts';
import { errorCode } from '../support/system-error.ts';
import type { CassetteLibrary, LibraryOptions, Recording, Standing, Take } from './cassette.ts';
import { readBytes, readCassette } from './cassette-file.ts';
import { baseOf, bodiesBeside, compact, readMerged } from './compaction.ts';
import { type Disk, readWhole, realDisk } from './disk.ts';
import { cutWords, type LogContent } from './log.ts';
import { type Places, placesOf } from './names.ts';
import { createRecording } from './recording.ts';
import { onlyCassette, type Store, type Survey, survey, unreadable } from './store.ts';
import { beginTake } from './take.ts';

/** The library of a directory, on a disk of its own. */
export function createLibrary(options: LibraryOptions, disk: Disk = realDisk): CassetteLibrary {
  const store = { disk, options };
  // Two takes of one name would put each other's log aside.
  const recording = new Set<string>();
  return {
    look: async (name) => {
      const places = placesOf(options.directory, name);
      return look(store, places, recording.has(name));
    },
    load: async (name) => load(store, placesOf(options.directory, name)),
    record: async (name, { adds }) => {
      const places = placesOf(options.directory, name);
      if (recording.has(name)) {
        throw new Failure('CASSETTE_UNWRITABLE', `${places.log}: is being recorded already`);
      }
      recording.add(name);
      const free = (): void => void recording.delete(name);
      try {
        return untilClosed(await beginTake(store, places, adds), free);
      } catch (error) {
        free();
        throw error;
      }
    },
  };
}

/** What stands under a name of a directory, where nobody may write: nothing is compacted. */
export function glance(directory: string, name: string): Promise<Standing> {
  const options = { directory, format: 'json', fsync: 'never', warn: () => {} } as const;
  return look({ disk: realDisk, options }, placesOf(directory, name), true);
}

async function look(store: Store, places: Places, busy: boolean): Promise<Standing> {
  const found = await survey(store, places);
  if (found.log?.ended === true) {
    if (!busy) await tryToCompact(store, found);
    return 'complete';
  }
  if (onlyCassette(found) === undefined) return found.log === undefined ? 'nothing' : 'unfinished';
  return found.log === undefined ? 'complete' : 'complete and unfinished';
}

/** A compaction that cannot be made up for now loses nothing: the ended log is served in its stead. */
async function tryToCompact(store: Store, found: Survey): Promise<void> {
  try {
    await compact(store, found);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (!(error instanceof Failure) && code === '') throw error;
    const words = error instanceof Failure ? error.message : code;
    store.options.warn(
      `${found.places.log}: a complete take, not yet made a cassette (${words}); it is served as it is`,
    );
  }
}

async function load(store: Store, places: Places): Promise<Recording> {
  const found = await survey(store, places);
  try {
    const { log } = found;
    if (log?.ended === true) return await loadLog(store, found, log);
    const cassette = onlyCassette(found);
    if (cassette === undefined && log === undefined) throw notFound(places);
    if (cassette === undefined || log?.begin?.adds === true) {
      if (log !== undefined) return await loadLog(store, found, log);
    }
    if (log !== undefined) {
      store.options.warn(`${log.path}: an unfinished take; the complete cassette is served`);
    }
    return await loadCassette(store, found);
  } catch (error) {
    throw unreadable(found.cassettes[0]?.file ?? places.log, error);
  }
}

async function loadCassette(store: Store, found: Survey): Promise<Recording> {
  const { disk, options } = store;
  const cassette = onlyCassette(found);
  if (cassette === undefined) throw notFound(found.places);
  const bytes = await readBytes(disk, cassette.file, cassette.format);
  const bodies = bodiesBeside(store, found.places);
  const { warn, types } = options;
  const source = { ...cassette, warn, types, stored: bodies.open };
  const { interactions } = await readCassette(bytes, source);
  await bodies.check();
  return createRecording({
    name: found.places.name,
    file: cassette.file,
    interactions,
    digest: hash('sha256', bytes, 'hex'),
    unfinished: false,
  });
}

async function loadLog(store: Store, found: Survey, log: LogContent): Promise<Recording> {
  const base = log.begin?.adds === true ? await baseOf(store, found, log.begin) : undefined;
  const bodies = bodiesBeside(store, found.places);
  const interactions = await readMerged(store, { log, base, bodies });
  await base?.bodies.check();
  await bodies.check();
  const digest = createHash('sha256');
  if (base !== undefined) digest.update(base.bytes);
  digest.update(await readWhole(store.disk, log.path));
  if (!log.ended) {
    const what = base === undefined ? 'is served' : `is served together with ${base.standing.file}`;
    store.options.warn(
      `${log.path}: an unfinished take of ${log.entries.length} interactions ${what}${cutWords(log)}`,
    );
  }
  return createRecording({
    name: found.places.name,
    file: base?.standing.file ?? log.path,
    interactions,
    digest: digest.digest('hex'),
    unfinished: !log.ended,
  });
}

function notFound({ name, files, aside }: Places): Failure {
  return new Failure(
    'CASSETTE_NOT_FOUND',
    `cassette ${JSON.stringify(name)}: there is no ${Object.values(files).join(', ')} ` +
      `(an earlier unfinished take would be at ${aside})`,
  );
}

/** The take, which frees its name once it is finished or closed. */
function untilClosed(take: Take, free: () => void): Take {
  return {
    get recorded() {
      return take.recorded;
    },
    get failure() {
      return take.failure;
    },
    append: (interaction) => take.append(interaction),
    begin: (start) => take.begin(start),
    finish: () => take.finish().finally(free),
    close: () => take.close().finally(free),
    discard: () => take.discard().finally(free),
  };
}
