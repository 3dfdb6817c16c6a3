import { afterEach, describe, expect, test } from '@jest/globals';
import { applyRules } from '../../src/capture/apply.ts';
import { countRules } from '../../src/capture/counters.ts';
import type { Rules } from '../../src/capture/rules.ts';
import { usual } from '../capture/examples.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import { dial, endListeners, listen } from './dialling.ts';
import { kinds, machineOf, rulesThere } from './kernel.ts';
import type { Namespace } from './namespaces.ts';
import { withNamespaces } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import { install } from './transparent.ts';

interface Scene {
  readonly client: Namespace;
  readonly gateway: Namespace;
  readonly apply: (wanted: Partial<Rules>) => Promise<void>;
  /** Who answers the client at some places, in order. */
  readonly said: (places: readonly string[]) => Promise<readonly string[]>;
}

async function does(inside: Namespace, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) expect(await inside.run('sh', '-ec', line)).toBe('');
}

/** Three machines on one cable, as containers on a bridge: a client, its gateway, and a router with the world behind. */
async function join(client: Namespace, gateway: Namespace, world: Namespace): Promise<void> {
  // A router asks for its neighbours only once its own address is known to be nobody else's.
  for (const inside of [client, gateway, world]) {
    await does(inside, 'echo 0 > /proc/sys/net/ipv6/conf/default/dad_transmits');
  }
  await does(world, 'ip link add lan type bridge', 'ip link set lan up');
  const members = [
    [client, 'client', 1],
    [gateway, 'gateway', 2],
  ] as const;
  for (const [inside, name, last] of members) {
    await does(
      world,
      `ip link add ${name} type veth peer name lan netns ${inside.pid}`,
      `ip link set ${name} master lan up`,
    );
    await does(
      inside,
      `ip address add 10.79.0.${last}/24 dev lan`,
      `ip address add fd79::${last}/64 dev lan nodad`,
      'ip link set lan up',
    );
  }
  await does(
    world,
    'ip address add 10.79.0.254/24 dev lan',
    'ip address add fd79::fe/64 dev lan nodad',
    'ip address add fe80::fe/64 dev lan nodad',
    'ip address add 10.77.0.2/32 dev lo',
    'ip address add fd77::2/128 dev lo',
  );
  await does(
    gateway,
    'ip route add default via 10.79.0.254',
    'ip -6 route add default via fe80::fe dev lan',
  );
  await does(client, 'ip route add default via 10.79.0.2', 'ip -6 route add default via fd79::2');
  await does(client, 'echo 0 > /proc/sys/net/ipv4/ip_forward');
  await does(
    gateway,
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
  );
}

async function withScene(
  backend: (typeof kinds)[number],
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withNamespaces(3, async (client, gateway, world) => {
      const installed: Installed = await install(folder);
      await join(client, gateway, world);
      const udp = ['10.77.0.2', 'fd77::2'].flatMap((host) =>
        [53, 443, 9999].map((port) => `udp/${host}/${port}`),
      );
      const tcp = [80, 443, 31_337].map((port) => `tcp/::/${port}`);
      await listen(world, installed, { word: 'world', places: [...tcp, ...udp] });
      const names = ['10.79.0.2', 'fd79::2'].flatMap((host) => [
        `udp/${host}/8853`,
        `tcp/${host}/8853`,
      ]);
      const proxy = ['tcp/::/8888', 'tcp/::/8889'];
      await listen(gateway, installed, { word: 'gateway', places: [...proxy, ...names] });
      await body({
        client,
        gateway,
        apply: async (wanted) => {
          const rules = { ...usual, backend, gateway: true, ...wanted };
          expect(await applyRules(rules, machineOf(gateway))).toMatchObject({ warnings: [] });
        },
        said: async (places) =>
          (await dial({ inside: client, installed }, places)).map((one) => one.said),
      });
    });
  });
}

afterEach(endListeners);

/** As docs/DOCKER.md advises: what the rules drop of it counts against all that the kernel may tell a client. */
const noRedirects = ['all', 'lan'].map(
  (name) => `echo 0 > /proc/sys/net/ipv4/conf/${name}/send_redirects`,
);

const both = (protocol: string, port: number): readonly string[] => [
  `${protocol}/10.77.0.2/${port}`,
  `${protocol}/fd77::2/${port}`,
];

const twice = (word: string): readonly string[] => [word, word];

describeWhere(rulesThere, 'the clients of a gateway', () => {
  describe.each(kinds)('with iptables-%s', (backend) => {
    test('are captured on the named ports, and pass on the others', async () => {
      await withScene(backend, async ({ apply, said, gateway }) => {
        await does(gateway, ...noRedirects);
        await apply({});
        // First: the kernel tells a machine of so much a second, and of ways over IPv6 as well.
        expect(await said(both('udp', 443))).toEqual(twice('ECONNREFUSED'));
        expect(await said(both('tcp', 80))).toEqual(twice('gateway 8888'));
        expect(await said(both('udp', 53))).toEqual(twice('gateway 8853'));
        expect(await said(both('tcp', 53))).toEqual(twice('gateway 8853'));
        // A client may name the gateway as its resolver, or as its proxy.
        expect(await said(['udp/10.79.0.2/53', 'udp/fd79::2/53'])).toEqual(twice('gateway 8853'));
        expect(await said(['tcp/10.79.0.2/8889', 'tcp/fd79::2/8889'])).toEqual(
          twice('gateway 8889'),
        );
        expect(await said(both('tcp', 31_337))).toEqual(twice('world 31337'));
        expect(await said(both('udp', 9999))).toEqual(twice('world 9999'));
        const counted = await countRules(machineOf(gateway).run);
        expect(counted).toMatchObject({ captured: 2, quicRejected: 2, udpPassed: 2 });
        // Answers take the short way here, so that each packet of a client's is a first one to the gateway.
        expect(counted?.tcpBypassed).toBeGreaterThanOrEqual(2);
      });
    }, 60_000);

    test('are captured on all ports, but for what is excluded; UDP is refused where told', async () => {
      await withScene(backend, async ({ apply, said, gateway }) => {
        await does(gateway, ...noRedirects);
        const scope = { ...usual.scope, excludedCidrs: ['fd77::/64'], uids: ['4711'] };
        await apply({ ports: 'all', udp: 'reject', scope });
        expect(await said(both('tcp', 31_337))).toEqual(['gateway 8888', 'world 31337']);
        expect(await said(both('udp', 9999))).toEqual(['ECONNREFUSED', 'world 9999']);
        expect(await said(['tcp/10.79.0.2/8889'])).toEqual(['gateway 8889']);
      });
    }, 60_000);

    test('are told of no way past it', async () => {
      /** How often a client was told, over IPv4 and IPv6, that there is a shorter way. */
      const told = async ({ said, client, gateway }: Scene): Promise<readonly number[]> => {
        for (const name of ['all', 'lan']) {
          await does(gateway, `echo 1 > /proc/sys/net/ipv4/conf/${name}/send_redirects`);
        }
        expect(await said(both('tcp', 31_337))).toEqual(twice('world 31337'));
        const v4 = await client.run('cat', '/proc/net/snmp');
        const v6 = await client.run('cat', '/proc/net/snmp6');
        const [names = [], values = []] = v4
          .split('\n')
          .filter((line) => line.startsWith('Icmp: '))
          .map((line) => line.split(' '));
        const inV6 = /^Icmp6InRedirects\s+(\d+)/m.exec(v6)?.[1];
        return [Number(values[names.indexOf('InRedirects')]), Number(inV6)];
      };
      await withScene(backend, async (scene) => {
        await scene.apply({});
        expect(await told(scene)).toEqual([0, 0]);
      });
      // Without the rules it is told indeed.
      await withScene(backend, async (scene) => {
        const [v4 = 0, v6 = 0] = await told(scene);
        expect(v4).toBeGreaterThan(0);
        expect(v6).toBeGreaterThan(0);
      });
    }, 60_000);
  });
});
