import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import { isRoot, pemOf, readCertificates, withoutTwins } from '../../src/tls/certificates.ts';

const [first = '', second = ''] = rootCertificates;

test('certificates are read out of any text, each once, and a broken one is passed over', () => {
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
  const text = `# a comment\n${second}\n${broken}\n${first}\nand between\n${second}\n`;
  const read = readCertificates(text);
  expect(read.map(({ raw }) => raw)).toEqual(
    [second, first].map((pem) => new X509Certificate(pem).raw),
  );
  expect(readCertificates(pemOf(read)).map(String)).toEqual(read.map(String));
  expect(read.every(isRoot)).toBe(true);
  expect(readCertificates('nothing here')).toEqual([]);
});

test('a twin is one even where it was read twice', () => {
  const twins = [...readCertificates(first), ...readCertificates(first)];
  expect(withoutTwins(twins)).toEqual([twins[0]]);
});
