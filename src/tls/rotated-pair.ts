import { createHash } from 'node:crypto';
import { Failure } from '../exchange/failure.ts';
import type { AuthorityPaths, PemPair } from './authority-files.ts';
import { replaceWhole } from './whole-file.ts';

const mark = /^# magneto: in the place of ([0-9a-f]{64})$/m;
const certificates = /(?:-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n)+$/;

/**
 * Puts a pair in the place of another, both files at once: `ca.key` also gets the certificates, so that
 * one rename is the whole change, and the digest of the `ca.pem` that went before. Whoever opens
 * the pair before `ca.pem` has followed knows by it that this is all that has happened.
 */
export async function replacePair(
  paths: AuthorityPaths,
  pair: PemPair,
  before: PemPair,
): Promise<void> {
  const line = `# magneto: in the place of ${digest(before.certificate)}\n`;
  await replaceWhole(paths.key, line + pair.key + pair.certificate, 0o600);
  await replaceWhole(paths.certificate, pair.certificate, 0o644);
}

/**
 * The pair of two files of which the key's may have been put in place by `replacePair`; `ca.pem` then
 * follows, where it has not yet.
 * @throws Failure CA_INVALID where `ca.pem` is neither what was replaced nor what replaced it.
 */
export async function settlePair(
  paths: AuthorityPaths,
  found: { readonly certificate?: string; readonly key: string },
): Promise<PemPair | undefined> {
  const replaced = mark.exec(found.key)?.[1];
  if (replaced === undefined) {
    const { certificate, key } = found;
    return certificate === undefined ? undefined : { certificate, key };
  }
  const certificate = certificates.exec(found.key)?.[0] ?? '';
  const pair = { certificate, key: found.key };
  if (found.certificate === certificate) return pair;
  if (found.certificate !== undefined && digest(found.certificate) !== replaced) {
    const words = `it is not the certificate that ${paths.key} has had since it was rotated`;
    throw new Failure('CA_INVALID', `${paths.certificate}: ${words}`);
  }
  // Where it cannot be written we know it all the same; who may write here will see to it.
  await replaceWhole(paths.certificate, certificate, 0o644).catch(() => {});
  return pair;
}

function digest(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}
