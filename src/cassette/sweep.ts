import { join } from 'node:path';
import { Failure } from '../exchange/failure.ts';
import { errorCode } from '../support/system-error.ts';
import { bodiesIn, storedOf } from './bodies.ts';
import { readBytes, readCassette } from './cassette-file.ts';
import { isFileName } from './file-name.ts';
import { scanLog } from './log.ts';
import { formats, type Places } from './names.ts';
import type { Store } from './store.ts';

/** Removes the files of bodies that are not among those named, and the folder where it is empty then; fails nobody. */
export async function sweepBodies(
  store: Store,
  places: Places,
  kept: ReadonlySet<string>,
): Promise<void> {
  await orWarn(store, places, () => sweep(store, places, kept));
}

/**
 * Removes what killed takes left and nothing on the disk refers to. Where that cannot be known, all
 * stays; and no take fails for it.
 */
export async function sweepLeftovers(store: Store, places: Places): Promise<void> {
  await orWarn(store, places, async () => {
    if ((await store.disk.list(places.bodies)).length === 0) return;
    const kept = new Set([
      ...(await namesInLog(store, places.log)),
      ...(await namesInLog(store, places.aside)),
      ...(await namesInCassettes(store, places)),
    ]);
    await sweep(store, places, kept);
  });
}

async function sweep(
  { disk }: Store,
  { bodies }: Places,
  kept: ReadonlySet<string>,
): Promise<void> {
  for (const name of await disk.list(bodies)) {
    // What does not look like ours is somebody else's.
    if (isFileName(name) && !kept.has(name)) await disk.remove(join(bodies, name));
  }
  // Not empty, or not there: both are fine.
  await disk.removeFolder(bodies).catch(() => undefined);
}

async function orWarn(store: Store, places: Places, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const words = error instanceof Failure ? error.message : errorCode(error);
    if (words === undefined) throw error;
    store.options.warn(`${places.bodies}: what nobody needs any more is left there (${words})`);
  }
}

async function namesInLog({ disk }: Store, path: string): Promise<ReadonlySet<string>> {
  if ((await disk.size(path)) === undefined) return new Set();
  const file = await disk.open(path, 'read');
  try {
    const { begin, files } = await scanLog(file, path);
    if (begin === undefined) throw new Failure('CASSETTE_CORRUPT', `${path}: cannot be read`);
    return files;
  } finally {
    await file.close();
  }
}

async function namesInCassettes({ disk }: Store, places: Places): Promise<readonly string[]> {
  const names: string[] = [];
  for (const format of formats) {
    const file = places.files[format];
    if ((await disk.size(file)) === undefined) continue;
    const warn = (): void => undefined;
    const { open } = bodiesIn(places.bodies, { disk, warn });
    const bytes = await readBytes(disk, file, format);
    const { interactions } = await readCassette(bytes, { file, format, warn, stored: open });
    names.push(...interactions.flatMap(storedOf).map(({ sha256 }) => sha256));
  }
  return names;
}
