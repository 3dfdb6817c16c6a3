import { createHash } from 'node:crypto';
import type { TrustedEntry } from './truststore.ts';
import { storePassword } from './truststore.ts';

const magic = 0xfeedfeed;
const version = 2;
/** The tag of an entry that is a trusted certificate; 1 is that of a private key. */
const trustedTag = 2;
/** Sun's own salt of the digest that ends a keystore; part of the format. */
const salt = 'Mighty Aphrodite';

/**
 * A keystore of Java's oldest format, JKS, that holds trusted certificates and nothing else: magic,
 * version, count; per entry a tag, a name, a time, a type and the DER; at the end SHA-1 over the
 * password, a salt and all that comes before (OpenJDK, sun.security.provider.JavaKeyStore).
 */
export function jksTruststore(entries: readonly TrustedEntry[]): Buffer {
  const body = Buffer.concat([
    uint32(magic),
    uint32(version),
    uint32(entries.length),
    ...entries.flatMap(trusted),
  ]);
  const password = Buffer.from(storePassword, 'utf16le').swap16();
  const digest = createHash('sha1').update(password).update(salt).update(body).digest();
  return Buffer.concat([body, digest]);
}

function trusted({ alias, certificate }: TrustedEntry): readonly Buffer[] {
  const createdAt = Buffer.alloc(8);
  // When the entry came to be: the certificate's own time, so that the same content is the same file.
  createdAt.writeBigInt64BE(BigInt(Date.parse(certificate.validFrom)));
  const { raw } = certificate;
  return [uint32(trustedTag), text(alias), createdAt, text('X.509'), uint32(raw.length), raw];
}

/** A text as `DataOutputStream.writeUTF` has it; ASCII is the same in that and in UTF-8. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'ascii');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
