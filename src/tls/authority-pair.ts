import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { Failure } from '../exchange/failure.ts';
import type { AuthorityPaths, PemPair } from './authority-files.ts';
import { isRoot } from './certificates.ts';
import type { LeafIssuer } from './leaf.ts';
import type { NameTest } from './name-constraints.ts';
import { readNameConstraints } from './name-constraints.ts';
import { keyIdentifier, readIssuer } from './x509.ts';

const rsaBitsMin = 2048;

/** A CA that was read and found usable. */
export interface CheckedPair extends LeafIssuer {
  /** Whether its key is RSA: only then can it serve clients without elliptic curves. */
  readonly isRsa: boolean;
  readonly certificate: X509Certificate;
  /** Certificates that a server has to send after the leaf: a chain without its root. */
  readonly intermediates: readonly X509Certificate[];
  /** The certificates of the file that count today, the signing one among them. */
  readonly certificates: readonly X509Certificate[];
  /** Those of them that clients are to trust: all but what an old CA says of a new one. */
  readonly anchors: readonly X509Certificate[];
  /** Whether its name constraints let it speak for a name; nothing where it has none. */
  readonly permits: NameTest | undefined;
}

/**
 * The CA of two PEM files: RSA or EC keys in PKCS#8, PKCS#1 or SEC1, one certificate or a chain.
 * @throws Failure CA_INVALID, naming the file and what is wrong with it, and that its time is up.
 */
export function checkPair(pair: PemPair, paths: AuthorityPaths): CheckedPair {
  const checked = readPair(pair, paths);
  const { notBefore, notAfter } = checked;
  const file = paths.certificate;
  if (notAfter.getTime() <= Date.now()) {
    const words = `it expired on ${iso(notAfter)}; \`magneto trust rotate\` replaces one that magneto made`;
    throw invalid(file, words);
  }
  if (notBefore.getTime() > Date.now()) {
    throw invalid(file, `it is not valid before ${iso(notBefore)}; is the clock right?`);
  }
  return checked;
}

/**
 * As `checkPair`, whatever the time is.
 * @throws Failure CA_INVALID, naming the file and what is wrong with it.
 */
export function readPair(pair: PemPair, paths: AuthorityPaths): CheckedPair {
  const key = readKey(pair.key, paths.key);
  const chain = readChain(pair.certificate, paths.certificate);
  const certificate = chain.find((candidate) => candidate.checkPrivateKey(key));
  const file = paths.certificate;
  if (certificate === undefined) {
    throw invalid(paths.key, `it is not the key of the certificate in ${file}`);
  }
  if (!certificate.ca) {
    throw invalid(file, 'it is not a CA (basicConstraints CA:TRUE, keyUsage keyCertSign)');
  }
  const issuer = readIssuer(certificate.raw);
  const certificates = chain.filter((each) => each === certificate || counts(each, chain));
  const permits = readNameConstraints(certificate.raw);
  return {
    name: issuer.subject,
    key,
    keyIdentifier: issuer.keyIdentifier ?? keyIdentifier(createPublicKey(key)),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    constrained: permits !== undefined,
    isRsa: key.asymmetricKeyType === 'rsa',
    certificate,
    intermediates: certificates.filter((each) => !isRoot(each)),
    certificates,
    anchors: anchorsOf(certificates),
    permits,
  };
}

/** Not one whose time is up, nor an old CA when the time is up in which it vouched for a new one. */
function counts(each: X509Certificate, chain: readonly X509Certificate[]): boolean {
  if (isPast(each)) return false;
  const issued = chain.filter((other) => other !== each && other.checkIssued(each));
  return issued.length === 0 || !issued.every(isPast);
}

function isPast({ validTo }: X509Certificate): boolean {
  return Date.parse(validTo) <= Date.now();
}

function anchorsOf(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  const roots = new Set(certificates.filter(isRoot).map(({ subject }) => subject));
  return certificates.filter((each) => isRoot(each) || !roots.has(each.subject));
}

function readKey(pem: string, file: string): KeyObject {
  if (/ENCRYPTED/.test(pem)) throw invalid(file, 'the key is encrypted; store it without');
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw invalid(file, 'no private key in PEM can be read from it', error);
  }
  const type = key.asymmetricKeyType;
  if (type !== 'rsa' && type !== 'ec') throw invalid(file, `a key of type ${type}, not RSA or EC`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? rsaBitsMin;
  if (bits < rsaBitsMin) throw invalid(file, `an RSA key of ${bits} bits; clients want 2048`);
  return key;
}

function readChain(pem: string, file: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw invalid(file, 'no certificate in PEM can be read from it');
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw invalid(file, 'no certificate in PEM can be read from it', error);
  }
}

function iso(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function invalid(file: string, words: string, cause?: unknown): Failure {
  return new Failure('CA_INVALID', `${file}: ${words}`, cause === undefined ? {} : { cause });
}
