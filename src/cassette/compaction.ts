import { hash } from 'node:crypto';
import { dirname } from 'node:path';
import type { Interaction } from '../exchange/interaction.ts';
import { type Bodies, bodiesIn, storedOf } from './bodies.ts';
import { readBytes, readCassette, writeCassette } from './cassette-file.ts';
import type { Content } from './content.ts';
import type { Disk, OpenFile } from './disk.ts';
import { cutWords, interactionReader, type LogContent } from './log.ts';
import type { Begin } from './log-frames.ts';
import { type Merged, planMerge } from './merge.ts';
import { formats, type Places, unfinishedSuffix } from './names.ts';
import { onlyCassette, type Standing, type Store, type Survey } from './store.ts';
import { sweepBodies } from './sweep.ts';

/** The cassette that a log adds to, with its content. */
export interface Base {
  readonly standing: Standing;
  readonly bytes: Buffer;
  readonly content: Content;
  readonly bodies: Bodies;
  /** Whether it is the very file that the log began with. */
  readonly untouched: boolean;
}

/**
 * Turns an ended log into the cassette: written beside, synced, renamed, the folder synced; only
 * then old files go. Each step can be cut, and the next start does it again with the same outcome.
 * @throws Failure CASSETTE_CORRUPT, CASSETTE_AMBIGUOUS of the cassette that it adds to,
 * CASSETTE_BODY_MISSING, RECORDING_FAILED where JSON would be too large; system errors
 */
export async function compact(store: Store, survey: Survey): Promise<void> {
  const { disk } = store;
  const { log, places } = survey;
  if (log?.begin === undefined || !log.ended) return;
  const bodies = bodiesBeside(store, places);
  const base = log.begin.adds ? await baseOf(store, survey, log.begin) : undefined;
  const file = await disk.open(log.path, 'read');
  let kept: ReadonlySet<string>;
  try {
    const merged = await mergeOf(file, { log, base, bodies });
    // Where nothing is new the cassette stays as it is, to the byte.
    kept =
      base !== undefined && merged.added === 0
        ? namesOf(base.content.interactions)
        : await replaceCassette(store, survey, { merged, log, base, bodies });
  } finally {
    await file.close();
  }
  await removeAll(disk, [places.log, places.aside]);
  await disk.syncFolder(dirname(places.log));
  await sweepBodies(store, places, kept);
  const words = cutWords(log);
  if (words !== '') store.options.warn(`${log.path}: the take has become a cassette${words}`);
}

/** The bodies beside a cassette, for one reading of it. */
export function bodiesBeside({ disk, options }: Store, { bodies }: Places): Bodies {
  return bodiesIn(bodies, { disk, warn: options.warn });
}

/** What is put together: a log, and the cassette that it adds to. */
export interface MergeParts {
  readonly log: LogContent;
  readonly base: Base | undefined;
  readonly bodies: Bodies;
}

/** How the interactions of an open log go together with those of the cassette that it adds to. */
function mergeOf(file: OpenFile, { log, base, bodies }: MergeParts): ReturnType<typeof planMerge> {
  return planMerge({
    content: log,
    read: interactionReader(file, log, bodies),
    old: base?.content.interactions ?? [],
    mayRepeat: base !== undefined && !base.untouched,
  });
}

/** The cassette that a log adds to: the file that it began with where it still stands, else the only one there is. */
export async function baseOf(
  store: Store,
  survey: Survey,
  begin: Begin,
): Promise<Base | undefined> {
  const { disk, options } = store;
  for (const standing of survey.cassettes) {
    const bytes = await readBytes(disk, standing.file, standing.format);
    const untouched = hash('sha256', bytes, 'hex') === begin.base;
    if (!untouched && standing !== onlyOrUndefined(survey)) continue;
    const bodies = bodiesBeside(store, survey.places);
    const { warn, types } = options;
    const source = { ...standing, warn, types, stored: bodies.open };
    const content = await readCassette(bytes, source);
    return { standing, bytes, content, bodies, untouched };
  }
  onlyCassette(survey);
  return undefined;
}

/** The interactions of a log, put together with those of the cassette that it adds to. */
export async function readMerged(
  { disk }: Store,
  parts: MergeParts,
): Promise<Content['interactions']> {
  const file = await disk.open(parts.log.path, 'read');
  try {
    const merged = await mergeOf(file, parts);
    const interactions: Interaction[] = [];
    for await (const interaction of merged.interactions()) interactions.push(interaction);
    return interactions;
  } finally {
    await file.close();
  }
}

/** Hands back the names of the bodies that the new cassette refers to. */
async function replaceCassette(
  { disk, options }: Store,
  { places }: Survey,
  { merged, log, base, bodies }: MergeParts & { readonly merged: Merged },
): Promise<ReadonlySet<string>> {
  const kept = new Set<string>();
  const target = places.files[options.format];
  const beside = target + unfinishedSuffix;
  try {
    const file = await disk.open(beside, 'replace');
    try {
      await writeCassette(file, {
        name: places.name,
        recordedAt: base?.content.recordedAt ?? log.begin?.startedAt ?? '',
        newer: merged.newer || base?.content.newer === true,
        format: options.format,
        count: merged.count,
        interactions: keeping(merged.interactions(), bodies, kept),
        types: options.types,
      });
      await bodies.sync();
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
  return kept;
}

/** The interactions, each once its bodies stand under their digests. */
async function* keeping(
  interactions: AsyncIterable<Interaction>,
  bodies: Bodies,
  kept: Set<string>,
): AsyncGenerator<Interaction> {
  for await (const interaction of interactions) {
    for (const body of storedOf(interaction)) {
      await bodies.keep(body);
      kept.add(body.sha256);
    }
    yield interaction;
  }
}

function namesOf(interactions: readonly Interaction[]): ReadonlySet<string> {
  return new Set(interactions.flatMap(storedOf).map(({ sha256 }) => sha256));
}

async function removeAll(disk: Disk, paths: readonly string[]): Promise<void> {
  for (const path of paths) await disk.remove(path);
}

function onlyOrUndefined({ cassettes }: Survey): Standing | undefined {
  return cassettes.length === 1 ? cassettes[0] : undefined;
}
