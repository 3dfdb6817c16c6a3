import type { KeyObject } from 'node:crypto';
import { createHash, randomBytes, sign } from 'node:crypto';
import type forge from 'node-forge';
// The rest of node-forge is half a megabyte, which every start would have to read.
import asn1 from 'node-forge/lib/asn1.js';

const { Class, Type } = asn1;

/** A piece of ASN.1, as node-forge holds it. */
export type Asn1 = forge.asn1.Asn1;

/** What stands in a certificate besides its issuer and its signature. */
export interface CertificateFields {
  readonly subject: Asn1;
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Asn1[];
}

/** Who signs: the name that becomes the issuer, and the private key (RSA or EC). */
export interface Issuer {
  readonly name: Asn1;
  readonly key: KeyObject;
}

/**
 * A signed X.509 v3 certificate in DER (RFC 5280, 4.1). The structure is node-forge's, the
 * signature node:crypto's, which is a hundred times faster; SHA-256 with RSA or ECDSA by the key.
 */
export function signCertificate(fields: CertificateFields, issuer: Issuer): Buffer {
  const algorithm = signatureAlgorithm(issuer.key);
  const body = sequence(
    tagged(0, [integer(2)]),
    asn1.create(Class.UNIVERSAL, Type.INTEGER, false, latin1(serialNumber())),
    algorithm,
    issuer.name,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    publicKeyInfo(fields.publicKey),
    tagged(3, [sequence(...fields.extensions)]),
  );
  const signature = sign('sha256', der(body), issuer.key);
  return der(sequence(body, algorithm, bitString(latin1(signature))));
}

/** A name of attributes in their order, UTF-8 (RFC 5280, 4.1.2.4); empty for an empty list. */
export function distinguishedName(
  attributes: readonly (readonly [type: 'commonName' | 'organizationName', value: string])[],
): Asn1 {
  const parts = attributes.map(([type, value]) =>
    setOf(
      sequence(
        objectIdentifier(type === 'commonName' ? '2.5.4.3' : '2.5.4.10'),
        asn1.create(Class.UNIVERSAL, Type.UTF8, false, latin1(Buffer.from(value, 'utf8'))),
      ),
    ),
  );
  return sequence(...parts);
}

/** An extension by its object identifier (RFC 5280, 4.2). */
export function extension(id: string, value: Asn1, critical = false): Asn1 {
  const flag = critical ? [asn1.create(Class.UNIVERSAL, Type.BOOLEAN, false, '\u00ff')] : [];
  return sequence(objectIdentifier(id), ...flag, octets(latin1(der(value))));
}

/** A sequence of elements. */
export function sequence(...items: readonly Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items]);
}

/** A set of elements; DER wants them in the order of their bytes (X.690, 11.6). */
export function setOf(...items: readonly Asn1[]): Asn1 {
  const sorted = items.toSorted((one, other) => Buffer.compare(der(one), der(other)));
  return asn1.create(Class.UNIVERSAL, Type.SET, true, sorted);
}

/** A whole number of 32 bits. */
export function integer(value: number): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, asn1.integerToDer(value).getBytes());
}

/** A text of ASCII in two bytes a character. */
export function wideText(text: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.BMPSTRING, false, text);
}

/** A context-specific tag: around elements, or in place of the tag of primitive bytes (latin1). */
export function tagged(tag: number, value: Asn1[] | string): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, Array.isArray(value), value);
}

/** An object identifier from its dotted form. */
export function objectIdentifier(dotted: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

/** An octet string of latin1 bytes. */
export function octets(bytes: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, bytes);
}

/** A bit string of latin1 bytes, of which the last `unused` bits do not count. */
export function bitString(bytes: string, unused = 0): Asn1 {
  const bits = String.fromCharCode(unused) + bytes;
  return asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, bits);
}

/** A true boolean. */
export function yes(): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.BOOLEAN, false, '\u00ff');
}

/** What stands where an algorithm has no parameters. */
export function nothing(): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.NULL, false, '');
}

/** Bytes as node-forge holds them. */
export function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

/** The key identifier of a public key: SHA-1 over its bits (RFC 5280, 4.2.1.2, method 1). */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  const bits = elements(publicKeyInfo(publicKey))[1]?.value;
  if (typeof bits !== 'string') throw new TypeError('a public key without bits');
  return createHash('sha1')
    .update(Buffer.from(bits.slice(1), 'latin1'))
    .digest();
}

/** What a leaf has to repeat of its issuer's certificate (DER): the subject, and the SKI where it has one. */
export function readIssuer(certificate: Buffer): {
  readonly subject: Asn1;
  readonly keyIdentifier: Buffer | undefined;
} {
  const body = bodyOf(certificate);
  const versioned = body[0]?.tagClass === Class.CONTEXT_SPECIFIC;
  const subject = body[versioned ? 5 : 4];
  if (subject === undefined) throw new TypeError('a certificate without a subject');
  const value = extensionValue(certificate, '2.5.29.14');
  if (value === undefined) return { subject, keyIdentifier: undefined };
  const inner = parse(value).value;
  const identifier = typeof inner === 'string' ? Buffer.from(inner, 'latin1') : undefined;
  return { subject, keyIdentifier: identifier };
}

/** The value of an extension of a certificate (both DER); nothing where it has none of that identifier. */
export function extensionValue(certificate: Buffer, id: string): Buffer | undefined {
  const extensions = bodyOf(certificate).find((item) => isTagged(item, 3));
  const list = extensions === undefined ? [] : elements(elements(extensions)[0]);
  const wanted = asn1.oidToDer(id).getBytes();
  const found = list.find((item) => elements(item)[0]?.value === wanted);
  const value = found === undefined ? undefined : elements(found).at(-1)?.value;
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : undefined;
}

function bodyOf(certificate: Buffer): readonly Asn1[] {
  return elements(elements(parse(certificate))[0]);
}

function signatureAlgorithm(key: KeyObject): Asn1 {
  if (key.asymmetricKeyType === 'ec') return sequence(objectIdentifier('1.2.840.10045.4.3.2'));
  return sequence(objectIdentifier('1.2.840.113549.1.1.11'), nothing());
}

/** Sixteen random bytes that read as a positive number without leading zeros. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** Years up to 2049 have two digits, later ones four (RFC 5280, 4.1.2.5). */
function time(date: Date): Asn1 {
  return date.getUTCFullYear() < 2050
    ? asn1.create(Class.UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : asn1.create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}

function publicKeyInfo(key: KeyObject): Asn1 {
  return parse(key.export({ type: 'spki', format: 'der' }));
}

/** The ASN.1 of some bytes in DER. */
export function parse(bytes: Buffer): Asn1 {
  // Bit strings that happen to look like ASN.1 inside must stay the bytes that they are.
  const options = { strict: true, parseAllBytes: true, decodeBitStrings: false };
  // The published types know only the older, boolean form of the options.
  return asn1.fromDer(latin1(bytes), options as unknown as boolean);
}

/** The bytes of a piece of ASN.1, in DER. */
export function der(value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

/** What a sequence, a set or an explicit tag holds; nothing where it is a plain value. */
export function elements(value: Asn1 | undefined): readonly Asn1[] {
  return value !== undefined && Array.isArray(value.value) ? value.value : [];
}

/** Whether a piece has a context-specific tag. */
export function isTagged(item: Asn1, tag: number): boolean {
  const type: number = item.type;
  return item.tagClass === Class.CONTEXT_SPECIFIC && type === tag;
}
