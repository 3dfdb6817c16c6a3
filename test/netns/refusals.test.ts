import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import { receiptIn } from './recorded.ts';
import { endAll, install, joinWorld, ran, serve, startWorld, uid, within } from './transparent.ts';

const there = capturesWith('curl', 'openssl');

/** The receipt that stands in the log. */
afterEach(endAll);

describeWhere(there, 'captured TLS', () => {
  test('is passed through unopened, refused by name, or of old; a replay reaches nothing of it', async () => {
    await withFolder(async (folder) => {
      await withNamespaces(2, async (app, world) => {
        const installed = await install(folder);
        await joinWorld(app, world);
        const origin = await startWorld(world, folder);
        const apply = ['rules', 'apply', '--uid', String(uid), '--ports', '2525'];
        await ran([...app.through, installed.node, installed.bundle, ...apply]);
        const variables = {
          MAGNETO_TRANSPARENT: 'true',
          MAGNETO_UPSTREAM_CA: origin.caFile,
          MAGNETO_TLS_PASSTHROUGH: 'origin.test',
          MAGNETO_OPAQUE_PORTS: '2525',
        };
        const inside = within(app, installed);
        const curl = (...args: readonly string[]): Promise<string> =>
          ran([...inside, 'curl', '-sS', '-m', '10', '--cacert', origin.caFile, ...args]);
        const tls = (...args: readonly string[]): Promise<string> =>
          ran([...inside, 'openssl', 's_client', '-verify_return_error', ...args]);

        const recording = await serve(app, installed, { ...variables, MAGNETO_MODE: 'record' });
        // The certificate of the real server, which no other could show.
        expect(await curl('https://origin.test/pinned')).toContain('"path":"/pinned"');
        expect(await curl('-6', 'https://origin.test/six')).toContain('"path":"/six"');
        // Without a server name there is only the name that was told for the address.
        const unnamed = ['-noservername', '-connect', 'origin.test:443', '-CAfile', origin.caFile];
        expect(await tls(...unnamed)).toContain('CN = origin.test');
        // Magneto's own certificate, for a host that is not passed through.
        expect(await curl('-4', 'https://four.test/')).toMatch(/^ended with 60: /);
        const own = ['-CAfile', join(folder, 'certs', 'ca.pem'), '-servername', 'four.test'];
        const old = ['-tls1', '-cipher', 'DEFAULT@SECLEVEL=0', '-connect', '10.77.0.2:443'];
        expect(await tls(...own, ...old)).toMatch(/Protocol\s*: TLSv1\n/);
        expect(await curl('telnet://origin.test:2525')).toBe('220 server speaks first\n');
        const recorded = await recording.stop();
        expect(recorded.status).toBe(0);
        expect(receiptIn(recorded.stdout)).toMatchObject({
          streams: 4,
          incomplete: false,
          passedThrough: [{ destination: 'origin.test:443', because: 'option' }, { count: 1 }],
          clientRefusals: [
            { host: 'four.test:443', runtime: 'curl', how: 'alert unknown_ca', count: 1 },
          ],
        });
        await origin.stop();

        const replaying = await serve(app, installed, { ...variables, MAGNETO_MODE: 'replay' });
        expect(await curl('https://origin.test/pinned')).toMatch(/^ended with 35: /);
        const replayed = await replaying.stop();
        expect(replayed.stdout).toMatch(/"code":"PASSTHROUGH_UNRECORDED"/);
        expect(receiptIn(replayed.stdout)).toMatchObject({ missed: 1, liveCalls: 0, streams: 1 });
        expect(replayed.status).toBe(3);
      });
    });
  }, 120_000);
});
