import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { logLines } from '../end-to-end/child.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import { endAll, install, joinWorld, ran, serve, startWorld, uid, within } from './transparent.ts';

const there = capturesWith('curl', 'python3', 'openssl');

/** What a raw server says to something; or what a server says that speaks first, and whether that took less than 200 ms. */
const raw = `
import socket, sys, time
host, port, said = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
began = time.monotonic()
s = socket.create_connection((host, port), 5)
s.settimeout(5)
if said: s.sendall(said)
print(s.recv(100).decode().strip(), said or time.monotonic() - began < 0.2)`;

/** What an application sees: of a neighbour that is live, and of another server at the same address. */
async function visit(
  app: Namespace,
  installed: Installed,
  authority: { readonly ours: string; readonly theirs: string },
): Promise<Readonly<Record<string, string>>> {
  const as = within(app, installed);
  const root = within(app, installed, { user: 0, gid: 0 });
  const curl = (...words: readonly string[]): Promise<string> =>
    ran([...as, 'curl', '-sS', '-m', '10', ...words]);
  const python = (...words: readonly string[]): Promise<string> =>
    ran([...root, 'python3', '-c', raw, ...words]);
  return {
    // Each client trusts one authority only: that of the world, or ours.
    live: await curl('--cacert', authority.theirs, 'https://four.test/live'),
    livePlain: await curl('http://four.test/plain'),
    echo: await python('four.test', '7007', 'ping'),
    first: await python('four.test', '2525', ''),
    recorded: await curl('-4', '--cacert', authority.ours, 'https://origin.test/recorded'),
  };
}

const seen = {
  live: '{"path":"/live","host":"four.test","said":""}',
  livePlain: '{"path":"/plain","host":"four.test","said":""}',
  echo: "ping b'ping'\n",
  first: '220 server speaks first True\n',
  recorded: '{"path":"/recorded","host":"origin.test","said":""}',
};

const liveUses = [
  { destination: 'four.test:2525', count: 1 },
  { destination: 'four.test:443', count: 1 },
  { destination: 'four.test:7007', count: 1 },
  { destination: 'four.test:80', count: 1 },
];

interface ReceiptSeen {
  readonly live: unknown;
  readonly liveCalls: number;
  readonly missed: number;
  readonly inventory: { readonly entries: readonly object[] };
}

function receiptIn(stdout: string): ReceiptSeen {
  return logLines(stdout).at(-1)?.['receipt'] as ReceiptSeen;
}

afterEach(endAll);

describeWhere(there, 'live neighbours of an application that knows nothing of a proxy', () => {
  test('are live while recording and in the replay, though others share their address', async () => {
    await withFolder(async (folder) => {
      await withNamespaces(2, async (app, world) => {
        const installed = await install(folder);
        await joinWorld(app, world);
        const origin = await startWorld(world, folder);
        const authority = { ours: join(folder, 'certs', 'ca.pem'), theirs: origin.caFile };
        const { node, bundle } = installed;
        const apply = ['rules', 'apply', '--uid', String(uid), '--ports', '2525,7007'];
        expect(await ran([...app.through, node, bundle, ...apply])).toMatch(/^rules applied/);
        const variables = {
          MAGNETO_TRANSPARENT: 'true',
          MAGNETO_UPSTREAM_CA: origin.caFile,
          MAGNETO_LIVE: 'four.test',
        };

        const recording = await serve(app, installed, { ...variables, MAGNETO_MODE: 'record' });
        expect(await visit(app, installed, authority)).toEqual(seen);
        const recorded = receiptIn((await recording.stop()).stdout);
        expect(recorded).toMatchObject({ live: liveUses, liveCalls: expect.any(Number) });
        const cassette = await readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
        expect(cassette).toContain('/recorded');
        expect(cassette).not.toContain('four.test');
        expect(recorded.inventory.entries).toEqual(
          expect.arrayContaining(
            [
              { name: 'four.test', port: 80, protocol: 'http', learnt: ['host'] },
              { name: 'four.test', port: 443, protocol: 'tcp', learnt: ['sni'] },
              { name: 'four.test', port: 7007, protocol: 'tcp', learnt: ['dns'] },
              { name: 'origin.test', port: 443, protocol: 'https', learnt: ['sni'] },
            ].map((entry) => ({ ...entry, addresses: ['10.77.0.2'], count: 1 })),
          ),
        );
        expect(recorded.inventory.entries).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ name: 'four.test', port: 53, protocol: 'dns' }),
          ]),
        );

        const replaying = await serve(app, installed, { ...variables, MAGNETO_MODE: 'replay' });
        expect(await visit(app, installed, authority)).toEqual(seen);
        await origin.stop();
        const as = [...within(app, installed), 'curl', '-sS', '-m', '5'];
        // The recorded one is there without its world, the live one is not.
        expect(
          await ran([...as, '-4', '--cacert', authority.ours, 'https://origin.test/recorded']),
        ).toBe(seen.recorded);
        expect(
          await ran([
            ...as,
            '--resolve',
            'four.test:443:10.77.0.2',
            '-k',
            'https://four.test/live',
          ]),
        ).toMatch(/^ended with/);
        const ended = await replaying.stop();
        const replayed = receiptIn(ended.stdout);
        expect(replayed).toMatchObject({ served: expect.any(Number), missed: 0, liveCalls: 0 });
        expect(ended.status).toBe(0);
      });
    });
  }, 120_000);
});
