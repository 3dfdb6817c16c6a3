import { copyFile, constants, link, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../exchange/failure.ts';
import { errorCode } from '../support/system-error.ts';
import { deniedWords } from '../support/denied.ts';
import { settlePair } from './rotated-pair.ts';
import { pathBeside, unlinkIfThere, writeWhole } from './whole-file.ts';

/** A certificate (or chain) and its private key, as PEM. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

/** Where the CA of a directory stands. */
export interface AuthorityPaths {
  readonly certificate: string;
  readonly key: string;
  /** Key and certificate in one file, while a pair is being published. */
  readonly draft: string;
}

/** How often and how long the draft of another process is waited for: 3 s in all. */
const draftTries = 60;
const draftPauseMs = 50;

/** The files of the CA in a directory. */
export function authorityPaths(directory: string): AuthorityPaths {
  return {
    certificate: join(directory, 'ca.pem'),
    key: join(directory, 'ca.key'),
    draft: join(directory, '.ca.draft'),
  };
}

/**
 * The pair in a directory, or the one that `make` makes where it has none.
 *
 * Two files cannot appear in one step, so a new pair is first published as one file, the draft,
 * by a link, which only one process can win. Whoever finds a draft, winner or not, puts the pair
 * in place from it: thus every process brings the very same pair, one that dies half-way is
 * finished by the next, and links, which never replace, keep an existing pair as it is.
 *
 * @throws Failure CA_INVALID where half a pair stands there, CA_UNWRITABLE where none can be made.
 */
export async function openPair(directory: string, make: () => Promise<PemPair>): Promise<PemPair> {
  const paths = authorityPaths(directory);
  const standing = await standingPair(paths);
  if (standing !== undefined) return standing;
  try {
    await mkdir(directory, { recursive: true });
    await publishDraft(paths, make);
    await publishPair(paths);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unwritable(directory, error);
  }
  const made = await standingPair(paths);
  if (made === undefined) throw unwritable(directory, new Error('the files are gone again'));
  return made;
}

/** Both files, or nothing where a pair has yet to be made or to be put in place. */
async function standingPair(paths: AuthorityPaths): Promise<PemPair | undefined> {
  const first = await readBoth(paths);
  const settled = await settle(first);
  if (settled !== undefined) return settled;
  if ((await readText(paths.draft)) !== undefined) return undefined;
  // The draft may have gone since because the pair is now complete: only a second look is sure.
  const second = await readBoth(paths);
  if (second.certificate === undefined && second.key === undefined) return undefined;
  if (second.key === undefined) throw missing(paths.key, paths.certificate);
  const pair = await settle(second);
  if (pair === undefined) throw missing(paths.certificate, paths.key);
  return pair;

  async function settle({ key, ...more }: Partial<PemPair>): Promise<PemPair | undefined> {
    return key === undefined ? undefined : settlePair(paths, { key, ...more });
  }
}

async function readBoth(paths: AuthorityPaths): Promise<Partial<PemPair>> {
  const [certificate, key] = [await readText(paths.certificate), await readText(paths.key)];
  return { ...(certificate !== undefined && { certificate }), ...(key !== undefined && { key }) };
}

/** Text of a file; nothing where there is none. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    const words = deniedWords(path, error);
    throw new Failure('CA_INVALID', `${path} cannot be read: ${words}`, { cause: error });
  }
}

async function publishDraft(paths: AuthorityPaths, make: () => Promise<PemPair>): Promise<void> {
  if ((await readText(paths.draft)) !== undefined) return;
  const made = await make();
  await placeOnce(paths.draft, `${made.key}${made.certificate}`, 0o600);
}

/** Puts the pair of the draft in place, and then the draft away. */
async function publishPair(paths: AuthorityPaths): Promise<void> {
  const draft = await readDraft(paths.draft);
  if (draft === undefined) return;
  await placeOnce(paths.key, draft.key, 0o600);
  await placeOnce(paths.certificate, draft.certificate, 0o644);
  await unlinkIfThere(paths.draft);
}

/** The draft, whole; nothing where another process has finished with it. */
async function readDraft(path: string): Promise<PemPair | undefined> {
  for (let tries = 0; tries < draftTries; tries++) {
    const text = await readText(path);
    if (text === undefined) return undefined;
    const found = /^(-.*-----END [A-Z ]*PRIVATE KEY-----\n)(-.*-----END CERTIFICATE-----\n)$/s.exec(
      text,
    );
    if (found?.[1] !== undefined && found[2] !== undefined) {
      return { key: found[1], certificate: found[2] };
    }
    // Only a file system without links shows a draft that is still being written.
    await delay(draftPauseMs);
  }
  throw new Failure('CA_INVALID', `${path} is a torn draft of a CA; remove it`);
}

/** Makes a file with its content and mode in one step, and leaves one that is there as it is. */
async function placeOnce(path: string, text: string, mode: number): Promise<void> {
  const beside = pathBeside(path);
  try {
    await writeWhole(beside, text, mode);
    await link(beside, path).catch((error: unknown) => placeWithoutLinks(error, beside, path));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await unlinkIfThere(beside);
  }
}

/** Some shared folders of virtual machines have no hard links; an exclusive copy comes closest. */
async function placeWithoutLinks(error: unknown, from: string, to: string): Promise<void> {
  if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errorCode(error) ?? '')) throw error;
  await copyFile(from, to, constants.COPYFILE_EXCL);
}

function missing(path: string, other: string): Failure {
  return new Failure('CA_INVALID', `${path} is missing, while ${other} is there`);
}

function unwritable(directory: string, error: unknown): Failure {
  const why = deniedWords(directory, error);
  return new Failure('CA_UNWRITABLE', `${directory}: ${why}`, { cause: error });
}
