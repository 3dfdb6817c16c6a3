import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import { exchanges, lookup, lookups, receiptIn } from './recorded.ts';
import type { Installed } from './transparent.ts';
import {
  does,
  endAll,
  install,
  joinBehind,
  joinWorld,
  ran,
  serve,
  startWorld,
  uid,
  within,
} from './transparent.ts';

const there = capturesWith('curl', 'openssl');

/** A client behind the gateway, and whom it asks for names. */
interface Client {
  readonly name: string;
  readonly inside: Namespace;
  readonly resolvConf: string;
}

interface Scene {
  readonly gateway: Namespace;
  readonly world: Namespace;
  readonly web: Client;
  readonly jobs: Client;
  readonly installed: Installed;
  readonly ca: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Takes the world away. */
  readonly end: () => Promise<void>;
}

/** Two clients in networks of their own, one gateway, one world; nothing but the gateway joins them. */
async function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await withNamespaces(4, async (...namespaces) => {
      const [gateway, world, web, jobs] = namespaces;
      const installed = await install(folder);
      await joinWorld(gateway, world);
      await joinBehind(web, gateway, { name: 'web', networks: ['10.78.1', 'fd78:1::'] });
      await joinBehind(jobs, gateway, { name: 'jobs', networks: ['10.78.2', 'fd78:2::'] });
      for (let last = 3; last < 7; last += 1) {
        await does(world, `ip address add 10.77.0.${last}/24 dev cable`);
        await does(world, `ip address add fd77::${last}/64 dev cable nodad`);
      }
      await does(world, 'ip route add 10.78.0.0/16 via 10.77.0.1');
      const origin = await startWorld(world, folder);
      const client = async (name: string, inside: Namespace, server: string): Promise<Client> => {
        const resolvConf = join(folder, `${name}.resolv.conf`);
        await writeFile(resolvConf, `nameserver ${server}\noptions timeout:2\n`);
        return { name, inside, resolvConf };
      };
      await body({
        gateway,
        world,
        // A resolver that is nowhere: what is asked of it is captured on the way.
        web: await client('web', web, '203.0.113.53'),
        // The gateway itself.
        jobs: await client('jobs', jobs, '10.78.2.2'),
        installed,
        ca: join(folder, 'certs', 'ca.pem'),
        settings: {
          MAGNETO_TRANSPARENT: 'true',
          MAGNETO_GATEWAY: 'true',
          MAGNETO_HOST: '0.0.0.0,::',
          MAGNETO_REDIRECT_PORTS: '2525',
          MAGNETO_CASSETTE_DIR: join(folder, 'cassettes'),
          MAGNETO_UPSTREAM_CA: origin.caFile,
          MAGNETO_CLIENTS: 'web=10.78.1.1,web=fd78:1::1,jobs=10.78.2.0/24,jobs=fd78:2::/64',
        },
        end: origin.stop,
      });
    });
  });
}

/** What the entrypoint of the image does: the rules, then magneto. */
async function start(
  { gateway, installed, settings }: Scene,
  more: Readonly<Record<string, string>>,
): ReturnType<typeof serve> {
  const { node, bundle } = installed;
  const env = { ...settings, ...more };
  const apply = [...gateway.through, node, bundle, 'rules', 'apply', '--uid', String(uid)];
  expect(await ran(apply, env)).toMatch(/^rules applied .* of a gateway too/);
  return serve(gateway, installed, env);
}

function curl(
  { installed, ca }: Scene,
  { inside, resolvConf }: Client,
  ...args: readonly string[]
) {
  const as = within(inside, { ...installed, resolvConf });
  return ran([...as, 'curl', '-sS', '-m', '10', ...args], { CURL_CA_BUNDLE: ca });
}

/** What an application of a client sees that knows of no proxy. */
async function application(scene: Scene, client: Client): Promise<readonly string[]> {
  const { name } = client;
  return [
    await curl(scene, client, `http://origin.test/${name}/plain`),
    await curl(scene, client, '-4', `https://four.test/${name}/secure`),
    await curl(scene, client, '-6', '-d', 'said', `https://origin.test/${name}/six`),
    await curl(scene, client, 'http://absent.test/'),
  ];
}

const seen = ({ name }: Client) => [
  `{"path":"/${name}/plain","host":"origin.test","said":""}`,
  `{"path":"/${name}/secure","host":"four.test","said":""}`,
  `{"path":"/${name}/six","host":"origin.test","said":"said"}`,
  expect.stringMatching(/Could not resolve/),
];

const addresses = [3, 4, 5, 6].flatMap((last) => [`10.77.0.${last}`, `fd77::${last}`]);
const asked = 400;

/** How many of many connections led elsewhere than the client wanted. */
function many({ inside, name }: Client): Promise<string> {
  const asker = resolve('test/netns/asker.ts');
  return ran([...inside.through, process.execPath, asker, name, String(asked), ...addresses]);
}

afterEach(endAll);

describeWhere(there, 'two clients behind a gateway', () => {
  test('are recorded into a cassette each, the world is taken away, and each is replayed from its own', async () => {
    await withScene(async (scene) => {
      const { installed, web, jobs } = scene;
      const recording = await start(scene, { MAGNETO_MODE: 'record' });
      const both = [web, jobs];
      const live = await Promise.all(both.map((client) => application(scene, client)));
      expect(live).toEqual(both.map(seen));
      const right = `${asked} asked, 0 wrong\n`;
      expect(await Promise.all(both.map(many))).toEqual([right, right]);
      expect(await curl(scene, web, 'telnet://10.77.0.2:2525')).toBe('220 server speaks first\n');
      // What is not captured is passed on.
      const passed = (): Promise<string> => curl(scene, jobs, 'telnet://10.77.0.2:2526');
      expect(await passed()).toBe('220 server speaks first\n');
      const recorded = await recording.stop();
      expect(recorded.status).toBe(0);
      expect(receiptIn(recorded.stdout)).toMatchObject({
        failed: 0,
        sessions: {
          default: { recorded: 0, streams: 0 },
          web: { streams: 1, failed: 0 },
          jobs: { streams: 0, failed: 0 },
        },
      });
      for (const client of both) {
        const { name } = client;
        const all = await exchanges(installed, name);
        expect(all).toHaveLength(asked + 3);
        const other = name === 'web' ? 'jobs' : 'web';
        expect(all.filter((one) => one.includes(`/${other}/`))).toEqual([]);
        expect(await lookups(installed, name)).toEqual(
          expect.arrayContaining([
            expect.objectContaining(lookup('origin.test', 'AAAA', 'fd77::2')),
            expect.objectContaining(lookup('four.test', 'A', '10.77.0.2')),
          ]),
        );
      }

      const replaying = await start(scene, { MAGNETO_MODE: 'replay' });
      expect(await passed()).toMatch(/^ended with 7: .*(?:refused|Failed to connect)/s);
      await scene.end();
      await does(scene.world, 'ip link set cable down');
      expect(await Promise.all(both.map((client) => application(scene, client)))).toEqual(live);
      expect(await Promise.all(both.map(many))).toEqual([right, right]);
      // What only the other one was told.
      expect(await curl(scene, jobs, 'http://origin.test/web/plain')).toContain(
        'NO_MATCHING_INTERACTION',
      );
      // Whom names lead to, whatever is between the client and the rest of the world.
      await does(web.inside, 'ip route del default', 'ip -6 route del default');
      await writeFile(web.resolvConf, 'nameserver 10.78.1.2\n');
      expect(await application(scene, web)).toEqual(live[0]);
      const replayed = await replaying.stop();
      expect(receiptIn(replayed.stdout)).toMatchObject({
        liveCalls: 0,
        failed: 0,
        sessions: { web: { missed: 0 }, jobs: { missed: 1 } },
      });
      expect(replayed.status).toBe(3);
    });
  }, 180_000);

  test('have no other way out once magneto has set their route, and none in a family that it is not in', async () => {
    await withScene(async (scene) => {
      const { inside } = scene.jobs;
      const { node, bundle } = scene.installed;
      const route = (...words: readonly string[]): Promise<string> =>
        ran([...words, node, bundle, 'rules', 'route', '--via', '10.78.2.2']);
      await does(inside, 'ip route add default via 10.78.2.9 metric 7');
      const routed = 'routed (IPv4 10.78.2.2, IPv6 leads nowhere)\n';
      expect(await route(...inside.through)).toBe(routed);
      expect(await route(...inside.through)).toBe(routed);
      expect(await inside.run('ip', '-4', 'route', 'show', 'default')).toBe(
        'default via 10.78.2.2 dev jobs \n',
      );
      expect(await inside.run('ip', '-6', 'route', 'show', 'default')).toBe('');
      const bound = ['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin', '--'];
      expect(await route(...inside.through, ...bound)).toMatch(
        /^ended with 2: magneto: NET_ADMIN_MISSING: [^\n]*\n$/,
      );
      expect(await route(...scene.web.inside.through)).toMatch(
        /^ended with 2: magneto: ROUTE_FAILED: [^\n]*\n$/,
      );
    });
  }, 60_000);

  test('that may not use it are not answered, neither for names nor otherwise', async () => {
    await withScene(async (scene) => {
      const { web, jobs } = scene;
      const magneto = await start(scene, {
        MAGNETO_MODE: 'passthrough',
        MAGNETO_ALLOW_CLIENTS: '10.78.2.0/24',
      });
      expect(await curl(scene, jobs, '-4', 'http://origin.test/')).toContain('"path":"/"');
      expect(await curl(scene, web, '-4', 'http://origin.test/')).toMatch(
        /Could not resolve|timed out/,
      );
      expect(await curl(scene, web, 'http://10.77.0.2/')).toContain('CLIENT_NOT_ALLOWED');
      const { stdout } = await magneto.stop();
      expect(stdout).not.toMatch(/"session":"web"/);
    });
  }, 60_000);
});
