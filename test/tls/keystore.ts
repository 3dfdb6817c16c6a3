import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import { readCertificates } from '../../src/tls/certificates.ts';
import type { TrustedEntry } from '../../src/tls/truststore.ts';
import { trustedEntries } from '../../src/tls/truststore.ts';
import { describeWhere } from '../skip.ts';
import { program, run, withDirectory } from './tools.ts';

/** The authorities that come with Node. */
export const entries = trustedEntries(readCertificates(rootCertificates.join('\n')));

/** What holds of a keystore of either type, by Java's own tool. */
export function keystoreTests(
  type: 'JKS' | 'PKCS12',
  make: (of: readonly TrustedEntry[]) => Buffer,
): void {
  const list = async (store: Buffer): Promise<string> => {
    let listed = '';
    await withDirectory(async (directory) => {
      const file = join(directory, 'store');
      await writeFile(file, store);
      const at = ['-keystore', file, '-storetype', type, '-storepass', 'changeit'];
      listed = await run('keytool', '-list', ...at);
    });
    return listed;
  };

  test('the same content is the same file, and other content is not', () => {
    expect(make(entries)).toEqual(make(entries));
    expect(make(entries.slice(1))).not.toEqual(make(entries));
  });

  describeWhere(program('keytool', '-help'), 'keytool', () => {
    test('finds every authority, as trusted, under its name', async () => {
      const listed = await list(make(entries));
      for (const { alias, certificate } of entries) {
        expect(listed).toContain(`${alias}, `);
        expect(listed).toContain(certificate.fingerprint256);
      }
      expect(listed.match(/trustedCertEntry/g)).toHaveLength(entries.length);
      expect(listed).not.toContain('KeyEntry');
    }, 30_000);

    test('notices damage', async () => {
      const bytes = make(entries);
      const at = bytes.length >> 1;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await expect(list(bytes)).rejects.toMatchObject({ code: 1 });
    }, 30_000);
  });
}
