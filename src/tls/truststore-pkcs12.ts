import { createHmac, hash } from 'node:crypto';
import type { TrustedEntry } from './truststore.ts';
import { storePassword } from './truststore.ts';
import type { Asn1 } from './x509.ts';
import {
  der,
  integer,
  latin1,
  nothing,
  objectIdentifier,
  octets,
  sequence,
  setOf,
  tagged,
  wideText,
} from './x509.ts';

const ids = {
  data: '1.2.840.113549.1.7.1',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  /** Oracle's: without it Java sees no trusted certificate in a bag, and the store is empty. */
  trustedKeyUsage: '2.16.840.1.113894.746875.1.1',
  anyUsage: '2.5.29.37.0',
  sha1: '1.3.14.3.2.26',
} as const;

/** As usual; a password that everyone knows cannot be made hard to guess. */
const iterations = 1024;

/**
 * A keystore in PKCS#12 (RFC 7292) that holds trusted certificates and nothing else.
 *
 * The certificates are public and stand in it in the clear: so there is no cipher that a reader might
 * lack (RC2 in OpenSSL 3, AES in Java before 8u301), and Java needs no password to read it. The MAC is
 * HMAC-SHA-1, the only one that every Java 8 knows; its password is public, so it guards against
 * damage and not against people. Its salt is made from the content, so that the same content is the
 * same file.
 */
export function pkcs12Truststore(entries: readonly TrustedEntry[]): Buffer {
  const safe = der(sequence(contentInfo(der(sequence(...entries.map(bag))))));
  const salt = hash('sha1', safe, 'buffer').subarray(0, 8);
  const digest = createHmac('sha1', macKey(salt)).update(safe).digest();
  const digestInfo = sequence(
    sequence(objectIdentifier(ids.sha1), nothing()),
    octets(latin1(digest)),
  );
  const mac = sequence(digestInfo, octets(latin1(salt)), integer(iterations));
  return der(sequence(integer(3), contentInfo(safe), mac));
}

/** A certificate with the name that it is found by and the sign that it is trusted, for anything. */
function bag({ alias, certificate }: TrustedEntry): Asn1 {
  return sequence(
    objectIdentifier(ids.certificateBag),
    explicit(sequence(objectIdentifier(ids.x509), explicit(octets(latin1(certificate.raw))))),
    setOf(
      attribute(ids.friendlyName, wideText(alias)),
      attribute(ids.trustedKeyUsage, objectIdentifier(ids.anyUsage)),
    ),
  );
}

/** The key of the MAC (RFC 7292, appendix B.2, for one block of SHA-1). */
function macKey(salt: Buffer): Buffer {
  const blockBytes = 64;
  const password = Buffer.from(`${storePassword}\0`, 'utf16le').swap16();
  let key = Buffer.concat([
    Buffer.alloc(blockBytes, 3),
    Buffer.alloc(blockBytes, salt),
    Buffer.alloc(blockBytes, password),
  ]);
  for (let turn = 0; turn < iterations; turn++) key = hash('sha1', key, 'buffer');
  return key;
}

function contentInfo(content: Buffer): Asn1 {
  return sequence(objectIdentifier(ids.data), explicit(octets(latin1(content))));
}

function attribute(id: string, value: Asn1): Asn1 {
  return sequence(objectIdentifier(id), setOf(value));
}

function explicit(content: Asn1): Asn1 {
  return tagged(0, [content]);
}
