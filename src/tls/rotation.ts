import { open, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../exchange/failure.ts';
import { deniedWords } from '../support/denied.ts';
import { errorCode } from '../support/system-error.ts';
import { authorityPaths, openPair } from './authority-files.ts';
import { isOurs, makeSuccessor } from './authority-making.ts';
import type { CheckedPair } from './authority-pair.ts';
import { readPair } from './authority-pair.ts';
import { pemOf } from './certificates.ts';
import type { PermittedNames } from './name-constraints.ts';
import { replacePair } from './rotated-pair.ts';
import { unlinkIfThere } from './whole-file.ts';

/** What a rotation did. */
export interface Rotation {
  /** SHA-256 of the certificate that signs from now on. */
  readonly fingerprint: string;
  /** Until when clients that trust only the old CA are served; nothing where they no longer are. */
  readonly overlapUntil: Date | undefined;
}

/** A rotation takes half a second; who has held the lock for this long is no more. */
const lockMsMax = 60_000;
const dayMs = 86_400_000;

/**
 * Makes a new CA in the place of the one in a directory. For the overlap the old one vouches for it
 * (see docs/decisions); after that, or without one, nobody knows the old one any more.
 * @throws Failure ROTATION_REFUSED where the CA was brought by the user, or another rotation is under
 *   way; CA_INVALID; CA_UNWRITABLE
 */
export async function rotateAuthority(options: {
  readonly directory: string;
  readonly names: PermittedNames | undefined;
  readonly overlapDays: number;
}): Promise<Rotation> {
  const { directory, names, overlapDays } = options;
  const paths = authorityPaths(directory);
  return withLock(join(directory, '.ca.rotating'), directory, async () => {
    const before = await openPair(directory, () => Promise.reject(nothingYet(directory)));
    const old = readPair(before, paths);
    refuseForeign(old, paths.certificate);
    const vouchedUntil = overlapEnd(old, overlapDays);
    const made = await makeSuccessor(old, { names, vouchedUntil });
    const kept = vouchedUntil === undefined ? '' : pemOf(old.certificates);
    const pair = { key: made.key, certificate: made.certificate + kept };
    await replacePair(paths, pair, before);
    const { fingerprint256: fingerprint } = readPair(pair, paths).certificate;
    return { fingerprint, overlapUntil: vouchedUntil };
  });
}

/** The end of the overlap: an old CA whose time is up cannot vouch for anyone. */
function overlapEnd({ notAfter }: CheckedPair, days: number): Date | undefined {
  const wanted = Date.now() + days * dayMs;
  const end = new Date(Math.min(wanted, notAfter.getTime()));
  return days === 0 || end.getTime() <= Date.now() ? undefined : end;
}

function refuseForeign({ certificate }: CheckedPair, file: string): void {
  if (isOurs(certificate)) return;
  const whose = certificate.subject.replaceAll('\n', ', ');
  throw new Failure('ROTATION_REFUSED', `${file} was not made by magneto (${whose})`);
}

/** Two at once would each make a CA, and leave the trust kit of the one with the key of the other. */
async function withLock<Result>(
  path: string,
  directory: string,
  body: () => Promise<Result>,
): Promise<Result> {
  try {
    await takeLock(path);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unwritable(directory, error);
  }
  try {
    return await body();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unwritable(directory, error);
  } finally {
    await unlinkIfThere(path);
  }
}

async function takeLock(path: string): Promise<void> {
  const since = (await stat(path).catch(() => undefined))?.mtimeMs;
  if (since !== undefined && Date.now() - since > lockMsMax) await unlink(path);
  try {
    const file = await open(path, 'wx', 0o600);
    await file.close();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw nothingYet(dirname(path));
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new Failure('ROTATION_REFUSED', `another rotation is under way (${path})`);
  }
}

function nothingYet(directory: string): Failure {
  return new Failure('ROTATION_REFUSED', `there is no CA in ${directory} yet`);
}

function unwritable(directory: string, error: unknown): Failure {
  const words = deniedWords(directory, error);
  return new Failure('CA_UNWRITABLE', `${directory}: ${words}`, { cause: error });
}
