import { rootCertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import { readCertificates } from '../../src/tls/certificates.ts';
import { trustedEntries } from '../../src/tls/truststore.ts';

test('each authority has a name of its own, which says whose it is, in what Java takes for one', () => {
  const certificates = readCertificates(rootCertificates.join('\n'));
  const aliases = trustedEntries(certificates).map(({ alias }) => alias);
  expect(new Set(aliases).size).toBe(certificates.length);
  expect(aliases.filter((alias) => !/^[a-z0-9-]{14,73}$/.test(alias))).toEqual([]);
  expect(aliases.filter((alias) => alias.startsWith('isrg-root-x1-'))).toHaveLength(1);
});
