import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  distinguishedName,
  extension,
  keyIdentifier,
  latin1,
  objectIdentifier,
  octets,
  readIssuer,
  sequence,
  signCertificate,
  yes,
} from '../../src/tls/x509.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const name = distinguishedName([
  ['commonName', 'Zürich 東京'],
  ['organizationName', 'O'],
]);

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function make(keys: Keys, notAfter = new Date('2049-12-31T23:59:59Z')): Buffer {
  return signCertificate(
    {
      subject: name,
      publicKey: keys.publicKey,
      notBefore: new Date('2026-01-02T03:04:05Z'),
      notAfter,
      extensions: [
        extension('2.5.29.19', sequence(yes()), true),
        extension('2.5.29.14', octets(latin1(keyIdentifier(keys.publicKey)))),
      ],
    },
    { name, key: keys.privateKey },
  );
}

describe.each([
  ['RSA', rsa],
  ['EC', ec],
] as const)('a certificate signed with %s', (_, keys) => {
  const certificate = new X509Certificate(make(keys));

  test('verifies, and holds its key, names and dates', () => {
    expect(certificate.verify(keys.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(keys.privateKey)).toBe(true);
    expect(certificate.subject).toBe('CN=Zürich 東京\nO=O');
    expect(new Date(certificate.validFrom).toISOString()).toBe('2026-01-02T03:04:05.000Z');
    expect(new Date(certificate.validTo).toISOString()).toBe('2049-12-31T23:59:59.000Z');
    expect(certificate.ca).toBe(true);
  });

  test('gives its subject and key identifier to those that it signs', () => {
    const issuer = readIssuer(certificate.raw);
    expect(issuer.keyIdentifier).toEqual(keyIdentifier(keys.publicKey));
    const leaf = signCertificate(
      {
        subject: sequence(),
        publicKey: ec.publicKey,
        notBefore: new Date(),
        notAfter: new Date(),
        extensions: [extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1')))],
      },
      { name: issuer.subject, key: keys.privateKey },
    );
    const parsed = new X509Certificate(leaf);
    expect(parsed.checkIssued(certificate)).toBe(true);
    expect(parsed.verify(keys.publicKey)).toBe(true);
    expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(readIssuer(leaf).keyIdentifier).toBeUndefined();
  });
});

test('years after 2049 are written with four digits', () => {
  const certificate = new X509Certificate(make(ec, new Date('2050-01-01T00:00:00Z')));
  expect(new Date(certificate.validTo).toISOString()).toBe('2050-01-01T00:00:00.000Z');
});

test('serials are positive, sixteen bytes long and differ', () => {
  const serials = Array.from({ length: 40 }, () => new X509Certificate(make(ec)).serialNumber);
  expect(new Set(serials).size).toBe(40);
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
});
