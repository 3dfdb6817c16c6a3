import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { isOwnAddress } from '../../src/support/interfaces.ts';
import { describeWhere } from '../skip.ts';
import type { Told } from './client.ts';
import { ask } from './client.ts';
import { freePort } from './child.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, withAppliance, withFolder } from './with-appliance.ts';

/** Runs a body with a magneto that passes everything on. */
async function withMagneto(
  more: Readonly<Record<string, string>>,
  body: (running: Running) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withAppliance({ ...modeIn(folder, 'passthrough'), ...more }, body);
  });
}

function codeOf({ headers }: Told): string | undefined {
  return headers[headers.findIndex((name) => name.toLowerCase() === 'x-magneto-failure') + 1];
}

describe('a destination that is magneto itself', () => {
  test('is refused, by each of its addresses and listeners', async () => {
    await withMagneto({}, async ({ via, controlPort }) => {
      for (const port of [via.proxyPort, controlPort]) {
        for (const host of ['127.0.0.1', 'localhost', '127.1.2.3', '[::1]', '0.0.0.0']) {
          const told = await ask(via, { url: `http://${host}:${port}/receipt` });
          expect([told.status, codeOf(told)]).toEqual([508, 'DESTINATION_IS_PROXY']);
        }
      }
    });
  });

  test('as its own upstream proxy is found out at the first request', async () => {
    const port = String(await freePort());
    const more = { MAGNETO_PORT: port, MAGNETO_UPSTREAM_PROXY: `http://127.0.0.1:${port}` };
    await withMagneto(more, async ({ via }) => {
      const told = await ask(via, { url: 'http://a.test/' });
      expect([told.status, codeOf(told)]).toEqual([508, 'DESTINATION_IS_PROXY']);
    });
  });
});

const own = await lookup(hostname()).catch(() => undefined);
const isOurs = own !== undefined && own.family === 4 && isOwnAddress(own.address);

describeWhere(
  { ok: isOurs, reason: 'the name of this machine has no address of it' },
  'a name',
  () => {
    test('of this machine is found out when it is dialled', async () => {
      await withMagneto({ MAGNETO_HOST: '0.0.0.0' }, async ({ via, log }) => {
        const told = await ask(via, { url: `http://${hostname()}:${via.proxyPort}/` });
        expect([told.status, codeOf(told)]).toEqual([508, 'DESTINATION_IS_PROXY']);
        expect(log.filter(({ msg }) => msg === 'exchange')).toHaveLength(1);
      });
    });
  },
);
