import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PemPair } from '../../src/tls/authority-files.ts';
import { authorityPaths } from '../../src/tls/authority-files.ts';
import { makePair } from '../../src/tls/authority-making.ts';
import { checkPair } from '../../src/tls/authority-pair.ts';
import { pemOf } from '../../src/tls/certificates.ts';
import {
  bitString,
  distinguishedName,
  extension,
  readIssuer,
  sequence,
  signCertificate,
  yes,
} from '../../src/tls/x509.ts';

const paths = authorityPaths('/certs');
const dayMs = 86_400_000;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

interface Wanted {
  readonly from?: number;
  readonly until?: number;
  readonly authority?: boolean;
  readonly signs?: boolean;
}

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function selfSigned(keys: Keys, wanted: Wanted = {}): string {
  const name = distinguishedName([['commonName', 'brought']]);
  const usage = bitString(wanted.signs === false ? '\u0080' : '\u0006', 1);
  const authority = wanted.authority === false ? sequence() : sequence(yes());
  const certificate = signCertificate(
    {
      subject: name,
      publicKey: keys.publicKey,
      notBefore: new Date(Date.now() + (wanted.from ?? -1) * dayMs),
      notAfter: new Date(Date.now() + (wanted.until ?? 10) * dayMs),
      extensions: [extension('2.5.29.19', authority, true), extension('2.5.29.15', usage, true)],
    },
    { name, key: keys.privateKey },
  );
  return new X509Certificate(certificate).toString();
}

function pkcs8(keys: Keys): string {
  return keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
}

describe('a pair of our own making', () => {
  let pair: PemPair;
  let certificate: X509Certificate;
  beforeAll(async () => {
    pair = await makePair({ names: undefined });
    certificate = new X509Certificate(pair.certificate);
  });

  test('is a usable CA of ten years, back-dated by a day, under a subject of its own', () => {
    expect(checkPair(pair, paths)).toMatchObject({ isRsa: true, intermediates: [] });
    expect(certificate.subject).toMatch(/^CN=magneto [0-9a-f]{8} CA\nO=magneto$/);
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    const from = Date.parse(certificate.validFrom);
    expect(Math.abs(Date.now() - dayMs - from)).toBeLessThan(60_000);
    expect((Date.parse(certificate.validTo) - from) / dayMs).toBeGreaterThan(3650);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  test('never comes twice', async () => {
    const other = new X509Certificate((await makePair({ names: undefined })).certificate);
    expect(other.subject).not.toBe(certificate.subject);
    expect(other.fingerprint256).not.toBe(certificate.fingerprint256);
  });
});

describe('a pair that was brought', () => {
  test.each([
    ['RSA in PKCS#8', rsa, pkcs8(rsa)],
    ['RSA in PKCS#1', rsa, rsa.privateKey.export({ type: 'pkcs1', format: 'pem' })],
    ['EC in PKCS#8', ec, pkcs8(ec)],
    ['EC in SEC1', ec, ec.privateKey.export({ type: 'sec1', format: 'pem' })],
    [
      'EC behind its parameters',
      ec,
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${ec.privateKey.export({ type: 'sec1', format: 'pem' })}`,
    ],
    ['with CRLF', rsa, pkcs8(rsa).replaceAll('\n', '\r\n')],
  ])('%s is taken', (_, keys, key) => {
    const checked = checkPair({ certificate: selfSigned(keys), key }, paths);
    expect(checked.isRsa).toBe(keys === rsa);
    expect(checked.keyIdentifier).toHaveLength(20);
  });

  test('with a chain: the intermediates are sent, the root and any key in the file are not', () => {
    const root = selfSigned(rsa);
    const below = signCertificate(
      {
        subject: distinguishedName([['commonName', 'below']]),
        publicKey: ec.publicKey,
        notBefore: new Date(Date.now() - dayMs),
        notAfter: new Date(Date.now() + dayMs),
        extensions: [extension('2.5.29.19', sequence(yes()), true)],
      },
      { name: readIssuer(new X509Certificate(root).raw).subject, key: rsa.privateKey },
    );
    const intermediate = new X509Certificate(below).toString();
    const certificate = `some text\n${root}${pkcs8(ec)}${intermediate}`;
    const checked = checkPair({ certificate, key: pkcs8(ec) }, paths);
    expect(checked.certificate.subject).toBe('CN=below');
    expect(pemOf(checked.intermediates)).toBe(intermediate);
    expect(pemOf(checked.anchors)).toBe(root + intermediate);
  });

  test.each([
    ['another key', { certificate: selfSigned(rsa), key: pkcs8(ec) }, '/certs/ca.key: it is not'],
    [
      'no CA',
      { certificate: selfSigned(ec, { authority: false }), key: pkcs8(ec) },
      '/certs/ca.pem: it is not a CA',
    ],
    [
      'no right to sign',
      { certificate: selfSigned(ec, { signs: false }), key: pkcs8(ec) },
      '/certs/ca.pem: it is not a CA',
    ],
    [
      'an expired CA',
      { certificate: selfSigned(ec, { from: -9, until: -1 }), key: pkcs8(ec) },
      '/certs/ca.pem: it expired on 20',
    ],
    [
      'a CA of tomorrow',
      { certificate: selfSigned(ec, { from: 1 }), key: pkcs8(ec) },
      '/certs/ca.pem: it is not valid before 20',
    ],
    ['no PEM', { certificate: 'hello', key: pkcs8(ec) }, '/certs/ca.pem: no certificate'],
    [
      'a spoilt certificate',
      { certificate: selfSigned(ec).replace(/MII?/, 'XXX'), key: pkcs8(ec) },
      '/certs/ca.pem: no certificate',
    ],
    ['no key', { certificate: selfSigned(ec), key: 'hello' }, '/certs/ca.key: no private key'],
    [
      'an encrypted key',
      {
        certificate: selfSigned(ec),
        key: ec.privateKey.export({
          type: 'pkcs8',
          format: 'pem',
          cipher: 'aes-256-cbc',
          passphrase: 'x',
        }),
      },
      '/certs/ca.key: the key is encrypted',
    ],
    [
      'a key of another kind',
      { certificate: selfSigned(ec), key: pkcs8(generateKeyPairSync('ed25519')) },
      '/certs/ca.key: a key of type ed25519',
    ],
    [
      'a weak key',
      {
        certificate: selfSigned(ec),
        key: pkcs8(generateKeyPairSync('rsa', { modulusLength: 1024 })),
      },
      '/certs/ca.key: an RSA key of 1024 bits',
    ],
  ])('with %s is refused', (_, pair, words) => {
    expect(() => checkPair(pair, paths)).toThrow(
      expect.objectContaining({ code: 'CA_INVALID', message: expect.stringContaining(words) }),
    );
  });
});
