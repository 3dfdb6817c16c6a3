import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import { readCertificates } from '../../src/tls/certificates.ts';
import { jksTruststore } from '../../src/tls/truststore-jks.ts';
import { trustedEntries } from '../../src/tls/truststore.ts';
import { describeWhere } from '../skip.ts';
import { program, run, withDirectory } from './tools.ts';

const certificates = readCertificates(rootCertificates.join('\n'));
const entries = trustedEntries(certificates);

test('the same content is the same file, and other content is not', () => {
  expect(jksTruststore(entries)).toEqual(jksTruststore(entries));
  expect(jksTruststore(entries.slice(1))).not.toEqual(jksTruststore(entries));
});

describeWhere(program('keytool', '-help'), 'keytool', () => {
  test('finds every authority, as trusted, under its name', async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'store');
      await writeFile(file, jksTruststore(entries));
      const store = ['-keystore', file, '-storetype', 'JKS', '-storepass', 'changeit'];
      const listed = await run('keytool', '-list', ...store);
      for (const { alias, certificate } of entries) {
        expect(listed).toContain(`${alias}, `);
        expect(listed).toContain(certificate.fingerprint256);
      }
      expect(listed.match(/trustedCertEntry/g)).toHaveLength(entries.length);
      expect(listed).not.toContain('KeyEntry');
    });
  }, 30_000);

  test('notices damage', async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'store');
      const bytes = jksTruststore(entries);
      const at = bytes.length >> 1;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(file, bytes);
      const store = ['-keystore', file, '-storetype', 'JKS', '-storepass', 'changeit'];
      await expect(run('keytool', '-list', ...store)).rejects.toMatchObject({ code: 1 });
    });
  }, 30_000);
});
