import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { trustRows } from '../../src/cli/doctor-trust.ts';
import { startMagneto } from '../end-to-end/child.ts';
import { modeIn, withFolder } from '../end-to-end/with-appliance.ts';

test(
  'each runtime that is here has a row, and one that does not trust the line to add',
  () =>
    withFolder(async (folder) => {
      const magneto = await startMagneto(modeIn(folder, 'passthrough'));
      const certificatePem = await readFile(magneto.via.caFile, 'utf8');
      const store = join(folder, 'store.pem');
      await writeFile(store, 'nothing');
      const asked = {
        host: '127.0.0.1',
        port: magneto.via.proxyPort,
        trustDir: '/trust',
        certificatePem,
        env: { SSL_CERT_FILE: store },
      };
      const rows = await trustRows(asked);
      const node = rows.find(({ layer }) => layer === 'trust: node');
      expect(node).toMatchObject({ status: 'warn', add: 'NODE_EXTRA_CA_CERTS=/trust/ca.pem' });
      expect(node?.words).toMatch(/^does not trust the CA: /);
      expect(rows.at(-1)).toMatchObject({ status: 'warn', words: `the CA is not in ${store}` });

      await writeFile(store, `other\n${certificatePem}`);
      expect((await trustRows(asked)).at(-1)).toMatchObject({ status: 'ok' });
      await magneto.stop();
      // Nobody there: no reason to think that it would not trust.
      const gone = (await trustRows(asked)).find(({ layer }) => layer === 'trust: node');
      expect(gone).toMatchObject({ status: 'unknown' });
    }),
  60_000,
);
