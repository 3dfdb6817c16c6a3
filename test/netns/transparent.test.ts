import { join, resolve } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import { exchanges, lookup, lookups, receiptIn } from './recorded.ts';
import type { Installed } from './transparent.ts';
import {
  endAll,
  install,
  joinWorld,
  proxyGid,
  ran,
  rulesIn,
  serve,
  startWorld,
  uid,
  within,
} from './transparent.ts';

const there = capturesWith('curl', 'python3', 'openssl');

const fetchInPython = `
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], b"posted").read().decode())`;

interface Scene {
  readonly app: Namespace;
  readonly installed: Installed;
  /** Files that applications trust, as variables. */
  readonly trust: Readonly<Record<string, string>>;
}

/** What applications see that know of no proxy; with a port, of those that are told of one. */
async function applications(
  { app, installed, trust }: Scene,
  proxyPort?: number,
): Promise<Readonly<Record<string, string>>> {
  const as = within(app, installed);
  const proxied = proxyPort === undefined ? [] : ['--proxy', `http://127.0.0.1:${proxyPort}`];
  const curl = (...args: readonly string[]): Promise<string> =>
    ran([...as, 'curl', '-sS', '-m', '10', ...proxied, ...args], trust);
  const proxyEnv: Readonly<Record<string, string>> =
    proxyPort === undefined
      ? {}
      : {
          http_proxy: `http://127.0.0.1:${proxyPort}`,
          https_proxy: `http://127.0.0.1:${proxyPort}`,
        };
  // Node and Python may stand where only root can read.
  const root = within(app, installed, { user: 0, gid: 0 });
  const talk = (url: string): Promise<string> =>
    ran(
      [...root, process.execPath, resolve('test/netns/ws-client.ts'), url, String(proxyPort ?? '')],
      trust,
    );
  return {
    http: await curl('http://origin.test/plain?b=1&a=2'),
    post: await curl('-d', 'said', 'http://origin.test/post'),
    https: await curl('https://origin.test/secure'),
    ipv4: await curl('-4', 'https://four.test/four'),
    alternative: await curl('-o', '/dev/null', '-w', '%header{alt-svc}', 'https://origin.test/alt'),
    python: await ran([...root, 'python3', '-c', fetchInPython, 'https://origin.test/python'], {
      ...trust,
      ...proxyEnv,
    }),
    ws: await talk('ws://origin.test/ws'),
    wss: await talk('wss://origin.test/wss'),
  };
}

const seen = {
  http: '{"path":"/plain?b=1&a=2","host":"origin.test","said":""}',
  post: '{"path":"/post","host":"origin.test","said":"said"}',
  https: '{"path":"/secure","host":"origin.test","said":""}',
  ipv4: '{"path":"/four","host":"four.test","said":""}',
  python: '{"path":"/python","host":"origin.test","said":"posted"}\n',
  // Where else the server can be reached is for those who were told of a proxy.
  alternative: '',
  ws: 'text hello\ntext one\nbinary two\nclosed 1000\n',
  wss: 'text hello\ntext one\nbinary two\nclosed 1000\n',
};

// A recording is not helped out where there is no route, which is in offline.test.ts.
const rules = (app: Namespace, { node, bundle }: Installed, ...words: readonly string[]) =>
  ran([...app.through, node, bundle, 'rules', ...words], { MAGNETO_MODE: 'record' });

afterEach(endAll);

describeWhere(there, 'an application that knows nothing of a proxy', () => {
  test('is recorded, its world is taken away, and it is replayed', async () => {
    await withFolder(async (folder) => {
      await withNamespaces(2, async (app, world) => {
        const installed = await install(folder);
        await joinWorld(app, world);
        const origin = await startWorld(world, folder);
        const ca = join(folder, 'certs', 'ca.pem');
        const trust = { CURL_CA_BUNDLE: ca, SSL_CERT_FILE: ca, NODE_EXTRA_CA_CERTS: ca };
        const scene = { app, installed, trust };
        const common = { MAGNETO_UPSTREAM_CA: origin.caFile };
        const before = await rulesIn(app);

        const explicit = await serve(app, installed, {
          ...common,
          MAGNETO_MODE: 'record',
          MAGNETO_CASSETTE_NAME: 'explicit',
        });
        const whole = { ...seen, alternative: 'h3=":443"; ma=60' };
        expect(await applications(scene, 8888)).toEqual(whole);
        expect((await explicit.stop()).status).toBe(0);

        expect(
          await rules(app, installed, 'apply', '--uid', String(uid), '--ports', '2525'),
        ).toMatch(/^rules applied \(iptables-nft, IPv6 captured/);
        const captured = {
          ...common,
          MAGNETO_TRANSPARENT: 'true',
          MAGNETO_CASSETTE_NAME: 'captured',
        };
        const recording = await serve(app, installed, { ...captured, MAGNETO_MODE: 'record' });
        expect(await applications(scene)).toEqual(seen);
        const curl = (...args: readonly string[]): Promise<string> =>
          ran([...within(app, installed), 'curl', '-sS', '-m', '5', ...args], trust);
        expect(await curl('-6', 'https://[fd77::2]/six')).toMatch('/six');
        expect(await curl('http://absent.test/')).toMatch(/Could not resolve/);
        // A server that speaks first is dialled, and heard.
        expect(await curl('telnet://origin.test:2525')).toBe('220 server speaks first\n');
        const recorded = await recording.stop();
        expect(recorded.status).toBe(0);
        expect(receiptIn(recorded.stdout)).toMatchObject({ served: 0, missed: 0, failed: 0 });

        // The same in both, but for the two that only the second run asked for.
        const [one, two] = [
          await exchanges(installed, 'explicit'),
          await exchanges(installed, 'captured'),
        ];
        expect(one).toHaveLength(8);
        expect(two.slice(0, 8)).toEqual(one);
        expect(two.filter((each) => each.includes('Alt-Svc'))).toHaveLength(two.length - 2);
        expect(await lookups(installed, 'captured')).toEqual(
          expect.arrayContaining([
            lookup('origin.test', 'A', '10.77.0.2'),
            lookup('origin.test', 'AAAA', 'fd77::2'),
            { name: 'absent.test', type: 'A', code: 'NXDOMAIN', records: [] },
          ]),
        );

        await origin.stop();
        const exempt = [...within(app, installed, { gid: proxyGid }), 'curl', '-sS', '-m', '3'];
        expect(await ran([...exempt, 'http://10.77.0.2/'])).toMatch(/^ended with 7/);

        const replaying = await serve(app, installed, { ...captured, MAGNETO_MODE: 'replay' });
        expect(await applications(scene)).toEqual(seen);
        expect(await curl('-6', 'https://[fd77::2]/six')).toMatch('/six');
        expect(await curl('http://absent.test/')).toMatch(/Could not resolve/);
        const replayed = await replaying.stop();
        expect(receiptIn(replayed.stdout)).toMatchObject({ missed: 0, liveCalls: 0, failed: 0 });
        expect(replayed.status).toBe(0);

        // Recorded by explicit clients, who asked for no name: addresses are made up.
        const made = await serve(app, installed, {
          ...captured,
          MAGNETO_MODE: 'replay',
          MAGNETO_CASSETTE_NAME: 'explicit',
        });
        expect(await applications(scene)).toEqual(seen);
        expect(await curl('http://unknown.test/')).toMatch(/Could not resolve/);
        const receipt = receiptIn((await made.stop()).stdout);
        expect(receipt).toMatchObject({ liveCalls: 0 });
        expect(Number(receipt['missed'])).toBeGreaterThan(0);

        expect(await rules(app, installed, 'remove')).toMatch(/^rules removed/);
        expect(await rulesIn(app)).not.toContain('MAGNETO');
        expect(before).toBe('');
      });
    });
  }, 120_000);

  test('who has the proxy’s user but not its group is captured, and who has both is not', async () => {
    await withFolder(async (folder) => {
      await withNamespaces(2, async (app, world) => {
        const installed = await install(folder);
        await joinWorld(app, world);
        const origin = await startWorld(world, folder);
        await rules(app, installed, 'apply', '--uid', String(uid));
        const magneto = await serve(app, installed, {
          MAGNETO_TRANSPARENT: 'true',
          MAGNETO_MODE: 'passthrough',
        });
        const paths = [
          [uid, uid],
          [uid, proxyGid],
          [0, proxyGid],
          [0, 0],
        ] as const;
        for (const [user, gid] of paths) {
          const url = `http://10.77.0.2/${user}-${gid}`;
          await ran([...within(app, installed, { user, gid }), 'curl', '-sS', url]);
        }
        const { stdout } = await magneto.stop();
        await origin.stop();
        const through = [...stdout.matchAll(/"path":"\/(\d+-\d+)"/g)].map(([, path]) => path);
        expect(through).toEqual(['1000-1000', '0-48889', '0-0']);
      });
    });
  }, 60_000);

  test('a proxy that the rules do not exempt ends each connection to itself, and says why', async () => {
    await withFolder(async (folder) => {
      await withNamespaces(2, async (app, world) => {
        const installed = await install(folder);
        await joinWorld(app, world);
        const origin = await startWorld(world, folder);
        await rules(app, installed, 'apply', '--uid', '4711');
        const magneto = await serve(app, installed, {
          MAGNETO_TRANSPARENT: 'true',
          MAGNETO_MODE: 'passthrough',
        });
        const said = await ran([
          ...within(app, installed),
          'curl',
          '-sS',
          '-m',
          '5',
          'http://10.77.0.2/',
        ]);
        expect(said).toMatch(/reset by peer/);
        const { stdout } = await magneto.stop();
        await origin.stop();
        expect(
          stdout.split('\n').filter((line) => line.includes('DESTINATION_IS_PROXY')),
        ).toHaveLength(1);
      });
    });
  }, 60_000);
});
