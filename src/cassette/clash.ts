import { Failure } from '../exchange/failure.ts';
import { placesOf, unfinishedSuffix } from './names.ts';

/**
 * Refuses names of cassettes that would meet on a disk: two that differ only in case (which are one
 * file on many machines), or one whose folder is another's file.
 * @throws Failure CASSETTE_NAMES_CLASH, CASSETTE_NAME_INVALID
 */
export function refuseClashes(names: readonly string[]): void {
  const taken = new Map<string, string>();
  for (const name of names) {
    const other = taken.get(folded(name));
    if (other !== undefined) throw clash(name, other, 'differ only in how they are spelt');
    taken.set(folded(name), name);
  }
  const files = new Map(
    names.flatMap((name) => filesOf(name).map((file) => [file, name] as const)),
  );
  for (const name of names) {
    for (const folder of foldersOf(folded(name))) {
      const owner = files.get(folder);
      if (owner !== undefined) throw clash(name, owner, `would need ${folder} as folder and file`);
    }
  }
}

/** As a disk that folds case, and composes letters, takes it. */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function filesOf(name: string): readonly string[] {
  const { files, log, aside, bodies } = placesOf('.', folded(name));
  const whole = [...Object.values(files), log];
  return [...whole, ...whole.map((file) => file + unfinishedSuffix), aside, bodies];
}

function foldersOf(name: string): readonly string[] {
  const segments = name.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
}

function clash(one: string, other: string, why: string): Failure {
  const words = `${JSON.stringify(one)} and ${JSON.stringify(other)} ${why}`;
  return new Failure('CASSETTE_NAMES_CLASH', words);
}
