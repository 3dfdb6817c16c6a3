import { join } from 'node:path';
import { Failure } from '../exchange/failure.ts';
import type { CassetteFormat } from './cassette.ts';

/** Where the files of a cassette stand. */
export interface Places {
  readonly name: string;
  readonly files: Readonly<Record<CassetteFormat, string>>;
  /** The write-ahead log. */
  readonly log: string;
  /** An unfinished log that waits until the take which is to replace it is complete. */
  readonly aside: string;
  /** The folder of bodies that lie in files of their own. */
  readonly bodies: string;
}

/** Every format, in the order in which they are looked for. */
export const formats = ['json', 'json.gz', 'msgpack', 'msgpack.gz'] as const;

/** What a file is called while it is written. */
export const unfinishedSuffix = '.tmp';

/**
 * Where the files of a cassette stand below a directory.
 * @throws Failure CASSETTE_NAME_INVALID
 */
export function placesOf(directory: string, name: string): Places {
  const fault = nameFault(name);
  if (fault !== undefined) {
    throw new Failure('CASSETTE_NAME_INVALID', `cassette name ${JSON.stringify(name)} ${fault}`);
  }
  const base = join(directory, name);
  return {
    name,
    files: {
      json: `${base}.json`,
      'json.gz': `${base}.json.gz`,
      msgpack: `${base}.msgpack`,
      'msgpack.gz': `${base}.msgpack.gz`,
    },
    log: `${base}.wal`,
    aside: `${base}.wal.aside`,
    bodies: `${base}.bodies`,
  };
}

/** File names may have 255 bytes, and ours are longer than the name by a suffix. */
const segmentBytesMax = 230;

/** A name comes from outside, and `../../etc/x` must not leave the directory. */
function nameFault(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.startsWith('/')) return 'is an absolute path';
  if (name.includes('\\')) return 'has a backslash';
  if (name.includes('\0')) return 'has a NUL character';
  for (const segment of name.split('/')) {
    if (segment === '') return 'has an empty folder name';
    if (segment === '.' || segment === '..') return `has the segment "${segment}"`;
    if (Buffer.byteLength(segment) > segmentBytesMax) {
      return `has a segment of more than ${segmentBytesMax} bytes`;
    }
  }
  return undefined;
}
