import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { CassetteLibrary, LibraryOptions } from '../../src/cassette/cassette.ts';
import type { Disk } from '../../src/cassette/disk.ts';
import { createLibrary } from '../../src/cassette/library.ts';
import type { OpenStored } from '../../src/cassette/tree-body.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';

/** A folder of its own for a test, and libraries in it. */
export interface Folder {
  readonly path: string;
  /** Lines that its libraries warned of. */
  readonly warnings: string[];
  /** Paths below the folder, sorted. */
  readonly files: () => readonly string[];
  library(options?: Partial<LibraryOptions>, disk?: Disk): CassetteLibrary;
  /** Records interactions into a complete cassette named `c`. */
  complete(interactions: readonly Interaction[], options?: Partial<LibraryOptions>): Promise<void>;
  /** Records interactions as `c`, and leaves the take unfinished. */
  unfinished(interactions: readonly Interaction[], adds?: boolean): Promise<void>;
}

/** Runs a test in a folder of its own, and removes it. */
export async function inFolder(body: (folder: Folder) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'magneto-cassette-'));
  try {
    await body(makeFolder(path));
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function makeFolder(path: string): Folder {
  const warnings: string[] = [];
  const library = (options: Partial<LibraryOptions> = {}, disk?: Disk): CassetteLibrary => {
    const warn = (line: string): void => void warnings.push(line);
    const all = { directory: path, format: 'json', fsync: 'interval', warn, ...options } as const;
    return createLibrary(all, disk);
  };
  return {
    path,
    warnings,
    library,
    files: () =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(path, join(entry.parentPath, entry.name)))
        .toSorted(),
    complete: async (interactions, options) => {
      const take = await library(options).record('c', { adds: false });
      for (const interaction of interactions) await take.append(interaction);
      await take.finish();
    },
    unfinished: async (interactions, adds = false) => {
      const take = await library().record('c', { adds });
      for (const interaction of interactions) await take.append(interaction);
      await take.close();
    },
  };
}

/** For what has no bodies in files of their own. */
export const noStored: OpenStored = () => {
  throw new Error('no body is in a file of its own here');
};

/** The paths that some interactions were asked at: enough to tell the samples from each other. */
export function pathsOf(interactions: readonly Interaction[]): readonly string[] {
  return interactions.map(({ request }) => request.path);
}
