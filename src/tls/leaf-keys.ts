import type { KeyObject } from 'node:crypto';
import { generateKeyPair, generateKeyPairSync } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);
/** Long enough for the process to be up and serving before the key takes a processor. */
const warmUpMs = 250;

/** A leaf's key: the public half for the certificate, the private one (PEM) for the context. */
export interface LeafKey {
  readonly publicKey: KeyObject;
  readonly privateKeyPem: string;
}

/** The two keys that all leaves of a process share. */
export interface LeafKeys {
  /** P-256, there from the start: 0.02 ms. */
  readonly ec: LeafKey;
  /** RSA-2048 for clients without elliptic curves (40 to 100 ms, off the main thread), where wanted. */
  readonly rsa: () => Promise<LeafKey | undefined>;
}

/**
 * Makes the keys: P-256 at once, RSA (where wanted) in the background a moment after the start, or
 * at the first ask where that is sooner.
 */
export function createLeafKeys(withRsa: boolean): LeafKeys {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ec = leafKey(publicKey, privateKey);
  if (!withRsa) return { ec, rsa: () => Promise.resolve(undefined) };
  let pending: Promise<LeafKey> | undefined;
  const rsa = (): Promise<LeafKey> => {
    pending ??= generate('rsa', { modulusLength: 2048 }).then((pair) =>
      leafKey(pair.publicKey, pair.privateKey),
    );
    return pending;
  };
  setTimeout(() => void rsa().catch(() => {}), warmUpMs).unref();
  return { ec, rsa };
}

function leafKey(publicKey: KeyObject, privateKey: KeyObject): LeafKey {
  return { publicKey, privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}
