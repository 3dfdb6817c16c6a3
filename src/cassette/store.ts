import { Failure } from '../exchange/failure.ts';
import { errorCode } from '../support/system-error.ts';
import { deniedWords } from '../support/denied.ts';
import type { CassetteFormat, LibraryOptions } from './cassette.ts';
import type { Disk } from './disk.ts';
import { type LogContent, scanLog } from './log.ts';
import { formats, type Places } from './names.ts';

/** What the parts of a library share. */
export interface Store {
  readonly disk: Disk;
  readonly options: LibraryOptions;
}

/** A cassette file that stands on disk. */
export interface Standing {
  readonly format: CassetteFormat;
  readonly file: string;
}

/** What stands on disk under a name. */
export interface Survey {
  readonly places: Places;
  /** Usually one at most; more are ambiguous, unless an ended log says which counts. */
  readonly cassettes: readonly Standing[];
  /** Absent too where the log broke off before its take had begun. */
  readonly log: LogContent | undefined;
  /** Size of the file in the log's place, of whatever content; absent where there is none. */
  readonly logBytes: number | undefined;
}

/**
 * Looks at what stands on disk; writes nothing.
 * @throws Failure CASSETTE_UNREADABLE, and of the log CASSETTE_CORRUPT, CASSETTE_VERSION_UNKNOWN
 */
export async function survey({ disk, options }: Store, places: Places): Promise<Survey> {
  try {
    const cassettes: Standing[] = [];
    for (const format of formats) {
      const file = places.files[format];
      if ((await disk.size(file)) !== undefined) cassettes.push({ format, file });
    }
    const logBytes = await disk.size(places.log);
    const log = logBytes === undefined ? undefined : await readLog(disk, places.log);
    if (log !== undefined) warnOfTornTail(log, options.warn);
    return { places, cassettes, log: log?.begin === undefined ? undefined : log, logBytes };
  } catch (error) {
    throw unreadable(places.log, error);
  }
}

/** The one cassette that stands; nothing where there is none. @throws Failure CASSETTE_AMBIGUOUS */
export function onlyCassette({ cassettes, places }: Survey): Standing | undefined {
  const [only, ...more] = cassettes;
  if (more.length > 0) {
    const files = cassettes.map(({ file }) => file).join(' and ');
    throw new Failure('CASSETTE_AMBIGUOUS', `cassette ${JSON.stringify(places.name)}: ${files}`);
  }
  return only;
}

/** A system error while reading as a failure that names the file; failures pass as they are. */
export function unreadable(path: string, error: unknown): Failure {
  return asFailure(error, 'CASSETTE_UNREADABLE', path);
}

/** A system error while writing as a failure that names the file; failures pass as they are. */
export function unwritable(path: string, error: unknown): Failure {
  return asFailure(error, 'CASSETTE_UNWRITABLE', path);
}

function asFailure(
  error: unknown,
  code: 'CASSETTE_UNREADABLE' | 'CASSETTE_UNWRITABLE',
  path: string,
): Failure {
  if (error instanceof Failure) return error;
  // Anything but a system error is a bug, and must not look like a full disk.
  if (errorCode(error) === undefined) throw error;
  return new Failure(code, `${path}: ${deniedWords(path, error)}`, { cause: error });
}

async function readLog(disk: Disk, path: string): Promise<LogContent> {
  const file = await disk.open(path, 'read');
  try {
    return await scanLog(file, path);
  } finally {
    await file.close();
  }
}

function warnOfTornTail(log: LogContent, warn: (line: string) => void): void {
  const torn = log.bytes - log.soundBytes;
  if (torn === 0) return;
  warn(
    `${log.path}: from byte ${log.soundBytes} on it is torn or damaged; those ${torn} bytes are ` +
      `left out, the ${log.entries.length} interactions before them are kept`,
  );
}
