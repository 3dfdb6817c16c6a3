import type { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { Failure } from '../exchange/failure.ts';
import { createBoundedCache } from '../support/bounded-cache.ts';
import { authorityPaths, openPair } from './authority-files.ts';
import { makePair } from './authority-making.ts';
import type { CheckedPair } from './authority-pair.ts';
import { checkPair } from './authority-pair.ts';
import { pemOf } from './certificates.ts';
import type { LeafKey, LeafKeys } from './leaf-keys.ts';
import { createLeafKeys } from './leaf-keys.ts';
import type { Life } from './leaf.ts';
import { leafLife, leafName, makeLeaf } from './leaf.ts';
import type { PermittedNames } from './name-constraints.ts';
import { permitsJust } from './name-constraints.ts';

export { rotateAuthority } from './rotation.ts';
export { openTrustKit } from './trust-kit.ts';
export type { TrustKit } from './trust-kit.ts';

/** Where the CA stands, and what is expected of it. */
export interface AuthorityOptions {
  /** Holds `ca.pem` and `ca.key`; both are made at the first start, unless the user brought them. */
  readonly directory: string;
  /** The names that it may speak for; any, or what a CA that stands there says, where none are given. */
  readonly names?: PermittedNames | undefined;
}

/** Signs for every name that a client asks for. */
export interface Authority {
  /** What clients have to trust: certificates, and no key. */
  readonly certificatePem: string;
  readonly certificateFile: string;
  /** SHA-256 of the signing certificate, as `AB:CD:…`. */
  readonly fingerprint: string;
  /** What there is to say of how long it lasts, one line each; asked anew, as time goes by. */
  readonly warnings: () => readonly string[];
  /** Why it cannot speak for a name; nothing where it can. */
  readonly refusal: (name: string) => Failure | undefined;
  /**
   * What a TLS server for a DNS name or IP address needs; made at the first ask and kept. Rejects
   * with the Failure of `refusal`.
   */
  readonly contextFor: (name: string, clients?: Clients) => Promise<SecureContext>;
}

/** For which clients a context is: `old` ones speak no TLS later than 1.1. */
export type Clients = 'today' | 'old';

const contextsMax = 1000;
const dayMs = 86_400_000;
const warnedBeforeMs = 30 * dayMs;

/**
 * Opens the CA in a directory, and makes one where there is none.
 * @throws Failure CA_INVALID naming the file and what is wrong; CA_UNWRITABLE naming the directory;
 *   CA_CONSTRAINTS_DIFFER where it may speak for other names than it is to.
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { directory, names } = options;
  const paths = authorityPaths(directory);
  const issuer = checkPair(await openPair(directory, () => makePair({ names })), paths);
  if (names !== undefined && !permitsJust(issuer.certificate.raw, names)) {
    throw new Failure('CA_CONSTRAINTS_DIFFER', `${paths.certificate} was made for other names`);
  }
  const keys = createLeafKeys(issuer.isRsa);
  const contexts = createBoundedCache<Promise<SecureContext>>(contextsMax);
  const refusal = refusalOf(issuer, paths.certificate);
  return {
    certificatePem: pemOf(issuer.anchors),
    certificateFile: paths.certificate,
    fingerprint: issuer.certificate.fingerprint256,
    warnings: () => expiryWarnings(issuer, paths.certificate),
    refusal,
    async contextFor(host, clients = 'today') {
      const name = leafName(host);
      const key = `${clients} ${name}`;
      const known = contexts.get(key);
      if (known !== undefined) return known;
      const failure = refusal(name);
      if (failure !== undefined) throw failure;
      const now = Date.now();
      const life = leafLife(issuer, now);
      const made = makeContext(name, { issuer, keys, life, clients });
      // Half of what is left: no client is ever shown a certificate about to expire.
      contexts.set(key, made, now + (life.notAfter.getTime() - now) / 2);
      made.catch(() => contexts.delete(key));
      return made;
    },
  };
}

function refusalOf(issuer: CheckedPair, file: string): Authority['refusal'] {
  const { permits } = issuer;
  if (permits === undefined) return () => undefined;
  return (host) => {
    const name = leafName(host);
    if (permits(name)) return undefined;
    return new Failure('NAME_OUTSIDE_CA', `${file} may not speak for ${name}`);
  };
}

function expiryWarnings({ notAfter }: CheckedPair, file: string): readonly string[] {
  const leftMs = notAfter.getTime() - Date.now();
  if (leftMs > warnedBeforeMs) return [];
  const date = notAfter.toISOString().slice(0, 10);
  const what = `the CA ${file} ${leftMs > 0 ? 'expires' : 'expired'} on ${date}`;
  return [`${what}: \`magneto trust rotate\` makes a new one (docs/TRUST.md)`];
}

/**
 * A context with a P-256 leaf and, under an RSA CA, its RSA twin for old clients. It waits for the
 * RSA key, once in the life of a process and for 100 ms at most, so that no client meets a context
 * that lacks it. Under an EC CA there is no twin: a client without curves could not check it.
 */
async function makeContext(
  name: string,
  more: {
    readonly issuer: CheckedPair;
    readonly keys: LeafKeys;
    readonly life: Life;
    readonly clients: Clients;
  },
): Promise<SecureContext> {
  const { issuer, keys, life, clients } = more;
  const twin = await keys.rsa();
  const used: readonly LeafKey[] = twin === undefined ? [keys.ec] : [keys.ec, twin];
  const chain = pemOf(issuer.intermediates.filter(isCurrent));
  return createSecureContext({
    cert: used.map((key) => makeLeaf(name, key.publicKey, { issuer, life }) + chain),
    key: used.map((key) => key.privateKeyPem),
    ...(clients === 'old' && oldProtocols),
  });
}

function isCurrent({ validTo }: X509Certificate): boolean {
  return Date.parse(validTo) > Date.now();
}

/**
 * TLS 1.0 and 1.1 sign with MD5 and SHA-1, which OpenSSL allows at security level 0 only. It is for
 * clients that offer nothing better, so that nobody else can be talked down to it.
 */
const oldProtocols = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
