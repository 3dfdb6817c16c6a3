import type { KeyObject } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { addressBytes } from './address-bytes.ts';
import type { Asn1 } from './x509.ts';
import {
  bitString,
  distinguishedName,
  extension,
  latin1,
  objectIdentifier,
  sequence,
  signCertificate,
  tagged,
} from './x509.ts';

const dayMs = 86_400_000;
/** Clients refuse leaves of more than 200 days (CA/Browser Forum, SC-081); some count both ends. */
const lifeMs = 197 * dayMs;
/** Clocks of containers and virtual machines run late. */
const backDatedMs = 2 * dayMs;
/** Upper bound of a common name (RFC 5280, appendix A.1). */
const commonNameMax = 64;

/** What a leaf needs of the certificate that signs it. */
export interface LeafIssuer {
  readonly name: Asn1;
  readonly key: KeyObject;
  readonly keyIdentifier: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whether it has name constraints. */
  readonly constrained: boolean;
}

/** From when until when a leaf made now is valid. */
export interface Life {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The life of a leaf made now: at most 197 days, two of them in the past, and within its issuer's. */
export function leafLife(issuer: LeafIssuer, now: number): Life {
  const from = now - backDatedMs;
  return {
    notBefore: new Date(Math.max(from, issuer.notBefore.getTime())),
    notAfter: new Date(Math.min(from + lifeMs, issuer.notAfter.getTime())),
  };
}

/**
 * A server's certificate (PEM) for one DNS name or IP address, as `leafName` gives it
 * (RFC 5280; RFC 9525 for the names).
 */
export function makeLeaf(
  name: string,
  publicKey: KeyObject,
  more: { readonly issuer: LeafIssuer; readonly life: Life },
): string {
  const { issuer, life } = more;
  // OpenSSL takes the common name of a leaf without a DNS name for one, and an address is none that
  // a constraint could permit.
  const named = name.length <= commonNameMax && !(issuer.constrained && isIP(name) !== 0);
  const subject = distinguishedName(named ? [['commonName', name]] : []);
  const certificate = signCertificate(
    {
      subject,
      publicKey,
      ...life,
      extensions: [
        extension('2.5.29.35', sequence(tagged(0, latin1(issuer.keyIdentifier)))),
        keyUsage(publicKey),
        extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
        // A subject that is empty says that the alternative name is the name (4.2.1.6).
        extension('2.5.29.17', sequence(alternativeName(name)), !named),
      ],
    },
    { name: issuer.name, key: issuer.key },
  );
  return new X509Certificate(certificate).toString();
}

/** A host as it stands in a certificate: lower case, ASCII, without brackets, zone or final dot. */
export function leafName(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  if (isIP(bare) === 6) return new URL(`http://[${bare}]`).hostname.slice(1, -1);
  if (isIP(bare) === 4) return bare;
  const name = bare.replace(/\.$/, '').toLowerCase();
  return domainToASCII(name) || Buffer.from(name, 'utf8').toString('hex');
}

/** Digital signature; and for RSA the old key exchange, which encrypts to the key. */
function keyUsage(publicKey: KeyObject): Asn1 {
  const isRsa = publicKey.asymmetricKeyType === 'rsa';
  return extension('2.5.29.15', isRsa ? bitString('\u00a0', 5) : bitString('\u0080', 7), true);
}

function alternativeName(name: string): Asn1 {
  if (isIP(name) === 0) return tagged(2, name);
  return tagged(7, String.fromCharCode(...addressBytes(name)));
}
