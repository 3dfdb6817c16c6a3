import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { leafLife, leafName, makeLeaf } from '../../src/tls/leaf.ts';
import { distinguishedName } from '../../src/tls/x509.ts';

const dayMs = 86_400_000;
const now = Date.parse('2026-11-20T00:00:00Z');
const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const issuer = {
  name: distinguishedName([['commonName', 'issuer']]),
  key: authority.privateKey,
  keyIdentifier: Buffer.from('0102030405', 'hex'),
  notBefore: new Date(now - 1000 * dayMs),
  notAfter: new Date(now + 1000 * dayMs),
  constrained: false,
};

function leaf(name: string, publicKey = ec.publicKey): X509Certificate {
  return new X509Certificate(makeLeaf(name, publicKey, { issuer, life: leafLife(issuer, now) }));
}

describe('the life of a leaf', () => {
  test('is 197 days, two of them in the past', () => {
    const { notBefore, notAfter } = leafLife(issuer, now);
    expect(notBefore.getTime()).toBe(now - 2 * dayMs);
    expect(notAfter.getTime() - notBefore.getTime()).toBe(197 * dayMs);
  });

  test('stays within that of its issuer', () => {
    const brief = {
      ...issuer,
      notBefore: new Date(now - dayMs),
      notAfter: new Date(now + 3 * dayMs),
    };
    expect(leafLife(brief, now)).toEqual({ notBefore: brief.notBefore, notAfter: brief.notAfter });
  });
});

describe('the name in a leaf', () => {
  test.each([
    ['Example.ORG', 'example.org'],
    ['example.org.', 'example.org'],
    ['under_score.test', 'under_score.test'],
    ['münchen.example', 'xn--mnchen-3ya.example'],
    ['192.0.2.7', '192.0.2.7'],
    ['[::1]', '::1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::ffff:192.0.2.7', '::ffff:c000:207'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s becomes %s', (host, name) => {
    expect(leafName(host)).toBe(name);
  });

  test('a host that is no name at all still gets one', () => {
    expect(leafName('a b')).toMatch(/^[0-9a-z]+$/);
  });

  test.each([
    ['example.org', 'DNS:example.org'],
    ['under_score.test', 'DNS:under_score.test'],
    ['127.0.0.1', 'IP Address:127.0.0.1'],
    ['::1', 'IP Address:0:0:0:0:0:0:0:1'],
    ['::', 'IP Address:0:0:0:0:0:0:0:0'],
    ['2001:db8::ff00:42:8329', 'IP Address:2001:DB8:0:0:0:FF00:42:8329'],
    ['::ffff:c000:207', 'IP Address:0:0:0:0:0:FFFF:C000:207'],
    ['fe80::', 'IP Address:FE80:0:0:0:0:0:0:0'],
  ])('%s stands there as %s', (name, alternative) => {
    const certificate = leaf(name);
    expect(certificate.subjectAltName).toBe(alternative);
    expect(certificate.subject).toBe(`CN=${name}`);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
  });

  test('of more than 64 characters leaves the subject empty', () => {
    const name = `${'a'.repeat(54)}.example.org`;
    const certificate = leaf(name);
    expect(name).toHaveLength(66);
    expect(certificate.subject).toBeFalsy();
    expect(certificate.subjectAltName).toBe(`DNS:${name}`);
    // Critical: an object identifier, then TRUE.
    expect(certificate.raw.toString('hex')).toContain('0603551d110101ff');
    expect(leaf('example.org').raw.toString('hex')).not.toContain('0603551d110101ff');
  });
});

test('an RSA leaf may also be encrypted to, for the old key exchange', () => {
  const usage = (certificate: X509Certificate): string =>
    /0603551d0f0101ff0404(0302....)/.exec(certificate.raw.toString('hex'))?.[1] ?? '';
  expect(usage(leaf('a.test'))).toBe('03020780');
  expect(usage(leaf('a.test', rsa.publicKey))).toBe('030205a0');
});
