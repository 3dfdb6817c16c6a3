import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { createBoundedCache } from '../support/bounded-cache.ts';
import { authorityPaths, openPair } from './authority-files.ts';
import type { CheckedPair } from './authority-pair.ts';
import { checkPair, makePair } from './authority-pair.ts';
import type { LeafKey, LeafKeys } from './leaf-keys.ts';
import { createLeafKeys } from './leaf-keys.ts';
import type { Life } from './leaf.ts';
import { leafLife, leafName, makeLeaf } from './leaf.ts';

/** Where the CA stands. */
export interface AuthorityOptions {
  /** Holds `ca.pem` and `ca.key`; both are made at the first start, unless the user brought them. */
  readonly directory: string;
}

/** Signs for every name that a client asks for. */
export interface Authority {
  /** What clients have to trust: the certificates of `ca.pem`, and no key. */
  readonly certificatePem: string;
  readonly certificateFile: string;
  /** SHA-256 of the signing certificate, as `AB:CD:…`. */
  readonly fingerprint: string;
  /** What a TLS server for a DNS name or IP address needs; made at the first ask and kept. */
  readonly contextFor: (name: string, clients?: Clients) => Promise<SecureContext>;
}

/** For which clients a context is: `old` ones speak no TLS later than 1.1. */
export type Clients = 'today' | 'old';

const contextsMax = 1000;

/**
 * Opens the CA in a directory, and makes one where there is none.
 * @throws Failure CA_INVALID naming the file and what is wrong; CA_UNWRITABLE naming the directory.
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const paths = authorityPaths(options.directory);
  const issuer = checkPair(await openPair(options.directory, makePair), paths);
  const keys = createLeafKeys(issuer.isRsa);
  const contexts = createBoundedCache<Promise<SecureContext>>(contextsMax);
  return {
    certificatePem: issuer.certificatePem,
    certificateFile: paths.certificate,
    fingerprint: issuer.certificate.fingerprint256,
    contextFor(host, clients = 'today') {
      const name = leafName(host);
      const key = `${clients} ${name}`;
      const known = contexts.get(key);
      if (known !== undefined) return known;
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
  return createSecureContext({
    cert: used.map((key) => makeLeaf(name, key.publicKey, { issuer, life }) + issuer.intermediates),
    key: used.map((key) => key.privateKeyPem),
    ...(clients === 'old' && oldProtocols),
  });
}

/**
 * TLS 1.0 and 1.1 sign with MD5 and SHA-1, which OpenSSL allows at security level 0 only. It is for
 * clients that offer nothing better, so that nobody else can be talked down to it.
 */
const oldProtocols = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
