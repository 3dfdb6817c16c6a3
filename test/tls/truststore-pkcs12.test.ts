import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import { readCertificates } from '../../src/tls/certificates.ts';
import { pkcs12Truststore } from '../../src/tls/truststore-pkcs12.ts';
import { trustedEntries } from '../../src/tls/truststore.ts';
import { describeWhere } from '../skip.ts';
import { program, run, withDirectory } from './tools.ts';

const certificates = readCertificates(rootCertificates.join('\n'));
const entries = trustedEntries(certificates);

test('the same content is the same file, and other content is not', () => {
  expect(pkcs12Truststore(entries)).toEqual(pkcs12Truststore(entries));
  expect(pkcs12Truststore(entries.slice(1))).not.toEqual(pkcs12Truststore(entries));
});

describeWhere(program('keytool', '-help'), 'keytool', () => {
  test('finds every authority, as trusted, under its name', async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'store');
      await writeFile(file, pkcs12Truststore(entries));
      const store = ['-keystore', file, '-storetype', 'PKCS12', '-storepass', 'changeit'];
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
      const bytes = pkcs12Truststore(entries);
      const at = bytes.length >> 1;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(file, bytes);
      const store = ['-keystore', file, '-storetype', 'PKCS12', '-storepass', 'changeit'];
      await expect(run('keytool', '-list', ...store)).rejects.toMatchObject({ code: 1 });
    });
  }, 30_000);
});

describeWhere(program('openssl', 'version'), 'openssl', () => {
  test('reads it without algorithms of old, and finds no key in it', async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'store.p12');
      await writeFile(file, pkcs12Truststore(entries));
      const read = ['pkcs12', '-in', file, '-passin', 'pass:changeit'];
      const said = await run('openssl', ...read, '-nokeys');
      expect(said.match(/BEGIN CERTIFICATE/g)).toHaveLength(entries.length);
      expect(await run('openssl', ...read, '-nocerts', '-nodes')).not.toContain('PRIVATE KEY');
    });
  });
});
