import { hash } from 'node:crypto';
import { dirname } from 'node:path';
import type { Interaction } from '../exchange/interaction.ts';
import { readBytes, readCassette, writeCassette } from './cassette-file.ts';
import type { Content } from './content.ts';
import type { Disk, OpenFile } from './disk.ts';
import { type Begin, interactionReader, type LogContent } from './log.ts';
import { type Merged, planMerge } from './merge.ts';
import { formats, unfinishedSuffix } from './names.ts';
import { onlyCassette, type Standing, type Store, type Survey } from './store.ts';

/** The cassette that a log adds to, with its content. */
export interface Base {
  readonly standing: Standing;
  readonly bytes: Buffer;
  readonly content: Content;
  /** Whether it is the very file that the log began with. */
  readonly untouched: boolean;
}

/**
 * Turns an ended log into the cassette: written beside, synced, renamed, the folder synced; only
 * then old files go. Each step can be cut, and the next start does it again with the same outcome.
 * @throws Failure CASSETTE_CORRUPT, CASSETTE_AMBIGUOUS of the cassette that it adds to,
 * RECORDING_FAILED where JSON would be too large; system errors
 */
export async function compact(store: Store, survey: Survey): Promise<void> {
  const { disk } = store;
  const { log, places } = survey;
  if (log?.begin === undefined || !log.ended) return;
  const base = log.begin.adds ? await baseOf(store, survey, log.begin) : undefined;
  const file = await disk.open(log.path, 'read');
  try {
    const merged = await mergeOf(file, log, base);
    // Where nothing is new the cassette stays as it is, to the byte.
    if (base === undefined || merged.added > 0) {
      const recordedAt = base?.content.recordedAt ?? log.begin.startedAt;
      await replaceCassette(store, survey, { merged, recordedAt });
    }
  } finally {
    await file.close();
  }
  await removeAll(disk, [places.log, places.aside]);
  await disk.syncFolder(dirname(places.log));
}

/** How the interactions of an open log go together with those of the cassette that it adds to. */
function mergeOf(
  file: OpenFile,
  log: LogContent,
  base: Base | undefined,
): ReturnType<typeof planMerge> {
  return planMerge({
    content: log,
    read: interactionReader(file, log),
    old: base?.content.interactions ?? [],
    mayRepeat: base !== undefined && !base.untouched,
  });
}

/** The cassette that a log adds to: the file that it began with where it still stands, else the only one there is. */
export async function baseOf(
  { disk, options }: Store,
  survey: Survey,
  begin: Begin,
): Promise<Base | undefined> {
  for (const standing of survey.cassettes) {
    const bytes = await readBytes(disk, standing.file, standing.format);
    const untouched = hash('sha256', bytes, 'hex') === begin.base;
    if (!untouched && standing !== onlyOrUndefined(survey)) continue;
    const content = await readCassette(bytes, { ...standing, warn: options.warn });
    return { standing, bytes, content, untouched };
  }
  onlyCassette(survey);
  return undefined;
}

/** The interactions of a log, put together with those of the cassette that it adds to. */
export async function readMerged(
  { disk }: Store,
  log: LogContent,
  base: Base | undefined,
): Promise<Content['interactions']> {
  const file = await disk.open(log.path, 'read');
  try {
    const merged = await mergeOf(file, log, base);
    const interactions: Interaction[] = [];
    for await (const interaction of merged.interactions()) interactions.push(interaction);
    return interactions;
  } finally {
    await file.close();
  }
}

async function replaceCassette(
  { disk, options }: Store,
  { places }: Survey,
  { merged, recordedAt }: { readonly merged: Merged; readonly recordedAt: string },
): Promise<void> {
  const target = places.files[options.format];
  const beside = target + unfinishedSuffix;
  try {
    const file = await disk.open(beside, 'replace');
    try {
      await writeCassette(file, {
        name: places.name,
        recordedAt,
        format: options.format,
        count: merged.count,
        interactions: merged.interactions(),
      });
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(beside, target);
  } catch (error) {
    await disk.remove(beside).catch(() => undefined);
    throw error;
  }
  await disk.syncFolder(dirname(target));
  const others = formats.filter((format) => format !== options.format);
  await removeAll(
    disk,
    others.flatMap((format) => [places.files[format], places.files[format] + unfinishedSuffix]),
  );
}

async function removeAll(disk: Disk, paths: readonly string[]): Promise<void> {
  for (const path of paths) await disk.remove(path);
}

function onlyOrUndefined({ cassettes }: Survey): Standing | undefined {
  return cassettes.length === 1 ? cassettes[0] : undefined;
}
