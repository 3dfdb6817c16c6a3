import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { authorityPaths } from '../../src/tls/authority-files.ts';
import { isOurs, makePair, makeSuccessor } from '../../src/tls/authority-making.ts';
import { readPair } from '../../src/tls/authority-pair.ts';
import { readCertificates } from '../../src/tls/certificates.ts';

const dayMs = 86_400_000;
const names = undefined;
const old = readPair(await makePair({ names }), authorityPaths('/certs'));

test('a CA that was made is known as ours, and no other is', async () => {
  expect(isOurs(old.certificate)).toBe(true);
  const made = await makeSuccessor(old, { names, vouchedUntil: new Date(Date.now() + dayMs) });
  const [root, vouched] = readCertificates(made.certificate);
  expect([root, vouched].map((each) => each !== undefined && isOurs(each))).toEqual([true, false]);
});

test('a successor has a key and a name of its own, and a certificate by which the old one vouches for it', async () => {
  const vouchedUntil = new Date(Math.floor(Date.now() / 1000) * 1000 + 5 * dayMs);
  const made = await makeSuccessor(old, { names, vouchedUntil });
  const [root, vouched, ...more] = readCertificates(made.certificate);
  expect(more).toEqual([]);
  const key = createPrivateKey(made.key);
  for (const each of [root, vouched]) expect(each?.checkPrivateKey(key)).toBe(true);
  expect(root?.subject).toBe(vouched?.subject);
  expect(root?.subject).not.toBe(old.certificate.subject);
  expect(vouched?.verify(old.certificate.publicKey)).toBe(true);
  expect(vouched?.checkIssued(old.certificate)).toBe(true);
  expect(vouched?.ca).toBe(true);
  expect(Date.parse(vouched?.validTo ?? '')).toBe(vouchedUntil.getTime());
});

test('without a date nobody vouches', async () => {
  const made = await makeSuccessor(old, { names, vouchedUntil: undefined });
  expect(readCertificates(made.certificate)).toHaveLength(1);
});

test('what is permitted stands in both certificates of a successor', async () => {
  const vouchedUntil = new Date(Date.now() + dayMs);
  const only = { dns: ['a.test'], ip: [] };
  const made = await makeSuccessor(old, { names: only, vouchedUntil });
  for (const each of made.certificate.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []) {
    const { raw } = new X509Certificate(each);
    expect(raw.includes(Buffer.from('a.test'))).toBe(true);
  }
});
