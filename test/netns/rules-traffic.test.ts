import { afterEach, describe, expect, test } from '@jest/globals';
import { applyRules } from '../../src/capture/apply.ts';
import { countRules } from '../../src/capture/counters.ts';
import type { Rules } from '../../src/capture/rules.ts';
import { everything } from '../../src/capture/rules.ts';
import { usual } from '../capture/examples.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import type { Dialled } from './dialling.ts';
import { dial, endListeners, listen } from './dialling.ts';
import { kinds, machineOf, rulesThere } from './kernel.ts';
import type { Namespace } from './namespaces.ts';
import { withNamespaces } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import { install, joinWorld, proxyGid } from './transparent.ts';

interface Scene {
  readonly app: Namespace;
  readonly world: Namespace;
  readonly installed: Installed;
  /** Applies rules of the kind that is being tried. */
  readonly apply: (wanted: Partial<Rules>) => Promise<void>;
  /** Who answers an application at some places, in order. */
  readonly said: (
    places: readonly string[],
    as?: { readonly user?: number; readonly gid?: number },
  ) => Promise<readonly string[]>;
  readonly dialled: (places: readonly string[]) => Promise<readonly Dialled[]>;
}

/** Neither TCP nor UDP, and `ping` is not everywhere. */
const echoRequest = `
import socket
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
raw.sendto(bytes([8, 0, 0xf7, 0xfd, 0, 1, 0, 1]), ('10.77.0.2', 0))`;

const worldPorts = [80, 3000, 5432, 31_337];

/** An application's namespace with listeners in the place of the proxy, and a world that answers. */
async function withScene(
  backend: (typeof kinds)[number],
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withNamespaces(2, async (app, world) => {
      const installed = await install(folder);
      await joinWorld(app, world);
      for (const line of ['10.77.0.3/24 dev cable', 'fd77::3/64 dev cable nodad']) {
        expect(await world.run('sh', '-ec', `ip address add ${line}`)).toBe('');
      }
      const udp = ['10.77.0.2', '10.77.0.3', 'fd77::2', 'fd77::3'].flatMap((host) =>
        [53, 443, 5432, 9999].map((port) => `udp/${host}/${port}`),
      );
      const tcp = worldPorts.map((port) => `tcp/::/${port}`);
      await listen(world, installed, { word: 'world', places: [...tcp, ...udp, 'tcp/::/53'] });
      await listen(app, installed, {
        word: 'proxy',
        gid: proxyGid,
        places: ['tcp/::/8888', 'tcp/::/8889'],
      });
      const names = ['127.0.0.1', '::1'].flatMap((host) => [
        `udp/${host}/8853`,
        `tcp/${host}/8853`,
      ]);
      await listen(app, installed, { word: 'names', gid: proxyGid, places: names });
      const dialled: Scene['dialled'] = (places) => dial({ inside: app, installed }, places);
      await body({
        app,
        world,
        installed,
        apply: async (wanted) => {
          const applied = await applyRules({ ...usual, backend, ...wanted }, machineOf(app));
          expect(applied).toMatchObject({ backend, warnings: [], ipv6: 'captured' });
        },
        dialled,
        said: async (places, as) =>
          (await dial({ inside: app, installed, ...as }, places)).map((one) => one.said),
      });
    });
  });
}

afterEach(endListeners);

/** The places of a protocol and port, over both families. */
const both = (protocol: string, port: number, host = 2): readonly string[] => [
  `${protocol}/10.77.0.${host}/${port}`,
  `${protocol}/fd77::${host}/${port}`,
];

const many = (places: readonly string[]): readonly string[] =>
  Array.from({ length: 100 }, () => places).flat();

const twice = (word: string): readonly string[] => [word, word];

describeWhere(rulesThere, 'what the rules do to packets', () => {
  describe.each(kinds)('with iptables-%s', (backend) => {
    test('named ports are captured, others are not; all are where all are asked for', async () => {
      await withScene(backend, async ({ apply, said, app, installed }) => {
        await listen(app, installed, { word: 'here', places: ['tcp/::/31337'] });
        await apply({ ports: [80, 443, 3000] });
        expect(await said(both('tcp', 80))).toEqual(twice('proxy 8888'));
        expect(await said(both('tcp', 3000))).toEqual(twice('proxy 8888'));
        expect(await said(both('tcp', 31_337))).toEqual(twice('world 31337'));
        for (const protocol of ['tcp', 'udp']) {
          expect(await said(both(protocol, 53))).toEqual(twice('names 8853'));
        }
        await apply({ ports: 'all' });
        expect(await said(both('tcp', 31_337))).toEqual(twice('proxy 8888'));
        expect(await said(['tcp/10.77.0.9/65535'])).toEqual(['proxy 8888']);
        // Loopback is not captured, nor are the ports of magneto by another address.
        const loopback = ['tcp/127.0.0.1/31337', 'tcp/::1/31337'];
        expect(await said(loopback)).toEqual(twice('here 31337'));
        expect(await said(['tcp/10.77.0.1/8889', 'tcp/fd77::1/8889'])).toEqual(twice('proxy 8889'));
        await apply({ ports: 'all', dnsPort: undefined });
        expect(await said(both('tcp', 53))).toEqual(twice('world 53'));
        expect(await said(both('udp', 53))).toEqual(twice('world 53'));
      });
    }, 60_000);

    test('what is excluded is left alone, and nothing but what is included is captured', async () => {
      await withScene(backend, async ({ apply, said }) => {
        const scope = (narrow: Partial<Rules['scope']>) =>
          apply({ ports: 'all', udp: 'reject', scope: { ...everything, ...narrow } });
        await scope({ excludedPorts: [5432, 443] });
        expect(await said(both('tcp', 5432))).toEqual(twice('world 5432'));
        expect(await said(both('udp', 5432))).toEqual(twice('world 5432'));
        expect(await said(both('udp', 443))).toEqual(twice('world 443'));
        expect(await said(both('tcp', 3000))).toEqual(twice('proxy 8888'));
        await scope({ excludedCidrs: ['10.77.0.3', 'fd77::3/128'] });
        expect(await said(both('tcp', 80, 3))).toEqual(twice('world 80'));
        expect(await said(both('udp', 443, 3))).toEqual(twice('world 443'));
        expect(await said(both('tcp', 80, 2))).toEqual(twice('proxy 8888'));
        expect(await said(both('udp', 53, 3))).toEqual(twice('names 8853'));
        await scope({ cidrs: ['10.77.0.3/32'] });
        expect(await said(both('tcp', 80, 3))).toEqual(['proxy 8888', 'world 80']);
        expect(await said(both('udp', 9999, 3))).toEqual(['ECONNREFUSED', 'world 9999']);
        expect(await said(both('tcp', 80, 2))).toEqual(twice('world 80'));
        await scope({ uids: ['1000', '2000-2999'], excludedUids: ['2500'] });
        const captured = twice('proxy 8888');
        for (const user of [1000, 2000, 2999]) {
          expect(await said(both('tcp', 80), { user })).toEqual(captured);
        }
        for (const user of [0, 1001, 2500, 3000]) {
          expect(await said(both('tcp', 80), { user })).toEqual(twice('world 80'));
          expect(await said(both('udp', 53), { user })).toEqual(twice('world 53'));
        }
      });
    }, 90_000);

    test('QUIC is refused at once, UDP where it is told to be, and each is counted', async () => {
      await withScene(backend, async ({ apply, said, dialled, app, world, installed }) => {
        await apply({});
        expect(await said(both('udp', 9999))).toEqual(twice('world 9999'));
        const quic = await dialled(both('udp', 443));
        expect(quic.map((one) => one.said)).toEqual(twice('ECONNREFUSED'));
        for (const { ms } of quic) expect(ms).toBeLessThan(200);
        expect(await said(both('tcp', 31_337))).toEqual(twice('world 31337'));
        expect(await said(both('tcp', 80))).toEqual(twice('proxy 8888'));
        expect(await app.run('python3', '-c', echoRequest)).toBe('');
        expect(await countRules(machineOf(app).run)).toEqual({
          tcpBypassed: 2,
          udpPassed: 2,
          udpRejected: 0,
          quicRejected: 2,
          otherPassed: 1,
          sealed: 0,
          captured: 2,
        });
        await apply({ udp: 'reject' });
        const refused = await dialled(both('udp', 9999));
        expect(refused.map((one) => one.said)).toEqual(twice('ECONNREFUSED'));
        for (const { ms } of refused) expect(ms).toBeLessThan(200);
        // A server of the application's own may answer whoever asks it.
        await listen(app, installed, {
          word: 'app',
          places: ['udp/10.77.0.1/7000', 'udp/fd77::1/7000'],
        });
        const asked = await dial({ inside: world, installed }, both('udp', 7000, 1));
        expect(asked.map((one) => one.said)).toEqual(twice('app 7000'));
        expect(await countRules(machineOf(app).run)).toMatchObject({
          udpPassed: 0,
          udpRejected: 2,
          quicRejected: 0,
        });
      });
    }, 60_000);

    test('a seal keeps in what has the proxy’s user and group, and nobody else', async () => {
      await withScene(backend, async ({ apply, said, app, world, installed }) => {
        const own = { gid: proxyGid };
        await apply({});
        expect(await said(both('tcp', 80), own)).toEqual(twice('world 80'));
        await apply({ sealed: true });
        const out = [...both('tcp', 80), ...both('tcp', 31_337), ...both('udp', 9999)];
        const shut = ['EHOSTUNREACH', 'EACCES'];
        expect(await said(out, own)).toEqual([...shut, ...shut, ...shut]);
        // Nor may a resolver on loopback ask the world for it.
        expect(await said(['udp/127.0.0.11/40053'], own)).toEqual(['EHOSTUNREACH']);
        expect(await said(['udp/127.0.0.1/53', 'udp/::1/53'], own)).toEqual(shut);
        expect(await said(['tcp/127.0.0.1/8888', 'tcp/::1/8888'], own)).toEqual(
          twice('proxy 8888'),
        );
        // Answers leave: to captured applications, and to whoever asks from outside.
        expect(await said(both('tcp', 80))).toEqual(twice('proxy 8888'));
        expect(await said(both('udp', 53))).toEqual(twice('names 8853'));
        const outside = await dial({ inside: world, installed }, both('tcp', 8889, 1));
        expect(outside.map((one) => one.said)).toEqual(twice('proxy 8889'));
        // Who has one of the two is an application.
        expect(await said(both('tcp', 80), { user: 0, gid: proxyGid })).toEqual(
          twice('proxy 8888'),
        );
        expect(await said(both('udp', 9999))).toEqual(twice('world 9999'));
        const { sealed = 0, udpPassed } = (await countRules(machineOf(app).run)) ?? {};
        // Of TCP a refused attempt is one packet or more.
        expect(sealed).toBeGreaterThanOrEqual(out.length + 3);
        expect(udpPassed).toBe(2);
      });
    }, 60_000);

    test('while the proxy is down captured connections are refused, and never let out', async () => {
      await withScene(backend, async ({ apply, said }) => {
        await apply({ ports: 'all', proxyPort: 8887 });
        expect(await said(both('tcp', 80))).toEqual(twice('ECONNREFUSED'));
        expect(await said(both('tcp', 31_337))).toEqual(twice('ECONNREFUSED'));
      });
    }, 60_000);

    test('while rules change, no connection gets out', async () => {
      await withScene(backend, async ({ apply, app, installed }) => {
        await apply({});
        let changing = true;
        const changes = (async () => {
          for (let change = 0; change < 8; change += 1) {
            await apply(change % 2 === 0 ? { ports: 'all', gateway: true, sealed: true } : {});
          }
        })().finally(() => (changing = false));
        const said = new Set<string>();
        let rounds = 0;
        while (changing) {
          const round = await dial({ inside: app, installed }, many(both('tcp', 80)));
          for (const one of round) said.add(one.said);
          rounds += 1;
        }
        await changes;
        expect([...said]).toEqual(['proxy 8888']);
        expect(rounds).toBeGreaterThan(0);
      });
    }, 60_000);
  });
});
