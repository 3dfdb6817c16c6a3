import type { KeyObject } from 'node:crypto';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import { Failure } from '../exchange/failure.ts';
import type { AuthorityPaths, PemPair } from './authority-files.ts';
import type { LeafIssuer } from './leaf.ts';
import {
  bitString,
  distinguishedName,
  extension,
  keyIdentifier,
  latin1,
  octets,
  readIssuer,
  sequence,
  signCertificate,
  yes,
} from './x509.ts';

const generate = promisify(generateKeyPair);
const dayMs = 86_400_000;
const rsaBitsMin = 2048;

/** A CA that was read and found usable. */
export interface CheckedPair extends LeafIssuer {
  /** Whether its key is RSA: only then can it serve clients without elliptic curves. */
  readonly isRsa: boolean;
  readonly certificate: X509Certificate;
  /** Certificates (PEM) that a server has to send after the leaf: a chain without its root. */
  readonly intermediates: string;
  /** Every certificate of the file (PEM), and nothing else that may stand in it. */
  readonly certificatePem: string;
}

/** Makes a CA: its own key (RSA-2048) and subject, ten years, back-dated by a day. */
export async function makePair(): Promise<PemPair> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: rsaBitsMin });
  const name = distinguishedName([
    ['commonName', `magneto ${randomBytes(4).toString('hex')} CA`],
    ['organizationName', 'magneto'],
  ]);
  const notBefore = new Date(Date.now() - dayMs);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + 10);
  const certificate = signCertificate(
    {
      subject: name,
      publicKey,
      notBefore,
      notAfter,
      extensions: [
        extension('2.5.29.19', sequence(yes()), true),
        // Signs certificates and revocation lists: bits 5 and 6.
        extension('2.5.29.15', bitString('\u0006', 1), true),
        extension('2.5.29.14', octets(latin1(keyIdentifier(publicKey)))),
      ],
    },
    { name, key: privateKey },
  );
  return {
    certificate: new X509Certificate(certificate).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/**
 * The CA of two PEM files: RSA or EC keys in PKCS#8, PKCS#1 or SEC1, one certificate or a chain.
 * @throws Failure CA_INVALID, naming the file and what is wrong with it.
 */
export function checkPair(pair: PemPair, paths: AuthorityPaths): CheckedPair {
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
  const notBefore = new Date(certificate.validFrom);
  const notAfter = new Date(certificate.validTo);
  if (notAfter.getTime() <= Date.now()) throw invalid(file, `it expired on ${iso(notAfter)}`);
  if (notBefore.getTime() > Date.now()) {
    throw invalid(file, `it is not valid before ${iso(notBefore)}; is the clock right?`);
  }
  const issuer = readIssuer(certificate.raw);
  const others = chain.filter((other) => other !== certificate);
  return {
    name: issuer.subject,
    key,
    keyIdentifier: issuer.keyIdentifier ?? keyIdentifier(createPublicKey(key)),
    notBefore,
    notAfter,
    isRsa: key.asymmetricKeyType === 'rsa',
    certificate,
    intermediates: [certificate, ...others].filter((each) => !isRoot(each)).join(''),
    certificatePem: chain.join(''),
  };
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

function isRoot(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate);
}

function iso(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function invalid(file: string, words: string, cause?: unknown): Failure {
  return new Failure('CA_INVALID', `${file}: ${words}`, cause === undefined ? {} : { cause });
}
