import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { pkcs12Truststore } from '../../src/tls/truststore-pkcs12.ts';
import { describeWhere } from '../skip.ts';
import { entries, keystoreTests } from './keystore.ts';
import { program, run, withDirectory } from './tools.ts';

keystoreTests('PKCS12', pkcs12Truststore);

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
