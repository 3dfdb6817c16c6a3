import type { KeyObject } from 'node:crypto';
import { generateKeyPair, randomBytes, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { PemPair } from './authority-files.ts';
import { isRoot } from './certificates.ts';
import type { LeafIssuer } from './leaf.ts';
import type { PermittedNames } from './name-constraints.ts';
import { nameConstraints } from './name-constraints.ts';
import type { Asn1, CertificateFields } from './x509.ts';
import {
  bitString,
  distinguishedName,
  extension,
  keyIdentifier,
  latin1,
  octets,
  sequence,
  signCertificate,
  tagged,
  yes,
} from './x509.ts';

const generate = promisify(generateKeyPair);
const dayMs = 86_400_000;
const rsaBits = 2048;
const organization = 'magneto';

/** What a CA is made of. */
export interface MakingOptions {
  /** The names that it may speak for; any where none are said. */
  readonly names: PermittedNames | undefined;
}

/** Makes a CA: its own key (RSA-2048) and subject, ten years, back-dated by a day. */
export async function makePair({ names }: MakingOptions): Promise<PemPair> {
  const { certificate, privateKey } = await makeRoot(names);
  return { certificate, key: pemOfKey(privateKey) };
}

/**
 * Makes the CA that comes after another, and (until a date) a certificate by which the old one vouches
 * for the new: clients that trust only the old one believe the new one by it, and those that
 * trust the new one need it not.
 */
export async function makeSuccessor(
  old: LeafIssuer,
  { names, vouchedUntil }: MakingOptions & { readonly vouchedUntil: Date | undefined },
): Promise<PemPair> {
  const { certificate, privateKey, fields } = await makeRoot(names);
  const key = pemOfKey(privateKey);
  if (vouchedUntil === undefined) return { certificate, key };
  const identifier = tagged(0, latin1(old.keyIdentifier));
  const vouching = {
    ...fields,
    notBefore: later(fields.notBefore, old.notBefore),
    notAfter: vouchedUntil,
    extensions: [...fields.extensions, extension('2.5.29.35', sequence(identifier))],
  };
  const vouched = new X509Certificate(signCertificate(vouching, old)).toString();
  return { certificate: certificate + vouched, key };
}

/** Whether a certificate is one that `makePair` made: one brought by the user is not ours to replace. */
export function isOurs(certificate: X509Certificate): boolean {
  const subject = /^CN=magneto [0-9a-f]{8} CA\nO=magneto$/;
  return isRoot(certificate) && subject.test(certificate.subject);
}

interface Root {
  readonly certificate: string;
  readonly privateKey: KeyObject;
  readonly fields: CertificateFields;
}

async function makeRoot(names: PermittedNames | undefined): Promise<Root> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: rsaBits });
  const subject: Asn1 = distinguishedName([
    ['commonName', `magneto ${randomBytes(4).toString('hex')} CA`],
    ['organizationName', organization],
  ]);
  const notBefore = new Date(Date.now() - dayMs);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + 10);
  const extensions = [
    extension('2.5.29.19', sequence(yes()), true),
    // Signs certificates and revocation lists: bits 5 and 6.
    extension('2.5.29.15', bitString('\u0006', 1), true),
    extension('2.5.29.14', octets(latin1(keyIdentifier(publicKey)))),
    ...(names === undefined ? [] : [nameConstraints(names)]),
  ];
  const fields = { subject, publicKey, notBefore, notAfter, extensions };
  const signed = signCertificate(fields, { name: subject, key: privateKey });
  return { certificate: new X509Certificate(signed).toString(), privateKey, fields };
}

function pemOfKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' });
}

function later(one: Date, other: Date): Date {
  return one > other ? one : other;
}
