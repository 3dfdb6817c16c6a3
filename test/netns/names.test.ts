import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { has } from '../end-to-end/real-servers.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';
import type { Condition } from '../skip.ts';
import { describeWhere } from '../skip.ts';
import { startDnsmasq } from './dnsmasq.ts';
import type { Namespace } from './namespaces.ts';
import { namespacesThere, withNamespaces } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import { endAll, install, joinWorld, ran, serve, uid, within } from './transparent.ts';

const tools = ['dig', 'dnsmasq', 'getent', 'python3', 'java', 'iptables-nft'];
const there: Condition = {
  ok:
    namespacesThere.ok &&
    tools.every((tool) => has(tool)) &&
    spawnSync('unshare', ['-n', 'iptables-nft', '-t', 'nat', '-N', 'X']).status === 0,
  reason: `${namespacesThere.reason}; and ${tools.join(', ')}, a kernel with NAT`,
};

type Question = readonly [type: string, name: string];

/** Every type, and every way in which a name server says no. */
const questions: readonly Question[] = [
  ['A', 'host.test'],
  ['AAAA', 'host.test'],
  ['A', 'www.test'],
  ['AAAA', 'www.test'],
  ['CNAME', 'www.test'],
  ['TXT', 'txt.test'],
  ['MX', 'mail.test'],
  ['SRV', '_sip._tcp.test'],
  ['PTR', '7.0.77.10.in-addr.arpa'],
  ['CAA', 'caa.test'],
  ['NAPTR', 'naptr.test'],
  ['TYPE4711', 'odd.test'],
  ['AAAA', 'four.test'],
  ['NS', 'four.test'],
  ['SOA', 'four.test'],
  ['A', 'absent.test'],
  ['A', 'elsewhere.example'],
];

/** A name whose server fails. */
const broken: Question = ['A', 'x.broken.test'];
/** One with more addresses than fit into a datagram. */
const many: Question = ['A', 'many.test'];

/** All that is asked twice. */
async function answers(scene: Scene): Promise<Readonly<Record<string, string>>> {
  return {
    ...(await bytesOf(scene, questions)),
    ...(await bytesOf(scene, [broken], ['udp', 'udp edns'])),
    ...(await bytesOf(scene, [many], ['tcp', 'tcp edns'])),
  };
}

interface Scene {
  readonly app: Namespace;
  readonly installed: Installed;
}

/** Answers as dig prints their bytes, but for the id and the client's cookie. */
async function dig({ app, installed }: Scene, ...words: readonly string[]): Promise<string> {
  const common = ['+qr', '+nocookie', '+tries=1', '+time=6', '+noall', '+answer', '+comments'];
  const said = await ran([...within(app, installed), 'dig', ...common, ...words]);
  return said.replaceAll(/, id: \d+/g, ', id').replaceAll(/^;; (Query time|WHEN|SERVER).*\n/gm, '');
}

/** The answers themselves: their bytes but for the id, in hexadecimal. */
async function bytesOf(
  { app, installed }: Scene,
  asked: readonly Question[],
  how: readonly string[] = ['udp', 'tcp', 'udp edns', 'tcp edns'],
): Promise<Readonly<Record<string, string>>> {
  const root = within(app, installed, { user: 0, gid: 0 });
  const said = await ran([
    ...root,
    'python3',
    resolve('test/netns/ask.py'),
    ...how.flatMap((one) => asked.map((question) => [...question, one].join(' '))),
  ]);
  const lines = said.trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(' = ') as [string, string]));
}

/** What ordinary clients make of it. */
async function clients({ app, installed }: Scene): Promise<Readonly<Record<string, string>>> {
  const as = within(app, installed, { user: 0, gid: 0 });
  const python = (line: string): Promise<string> =>
    ran([...as, 'python3', '-c', `import socket; print(${line})`]);
  const javaFile = join(installed.folder, 'Resolve.java');
  return {
    getent: await ran([...as, 'getent', 'ahosts', 'www.test']),
    searched: await ran([...as, 'getent', 'ahostsv4', 'inner']),
    gone: await ran([...as, 'getent', 'ahosts', 'absent.test']),
    reverse: await ran([...as, 'getent', 'hosts', '10.77.0.7']),
    python: await python(`sorted({a[4][0] for a in socket.getaddrinfo('www.test', 443)})`),
    many: await python(`len(socket.gethostbyname_ex('many.test')[2])`),
    node: await ran([
      ...as,
      process.execPath,
      '-p',
      `const d = require('node:dns').promises; Promise.all([d.resolveTxt('txt.test'), d.resolveMx('mail.test'),
        d.resolveSrv('_sip._tcp.test'), d.resolveCaa('caa.test'), d.resolveNaptr('naptr.test'),
        d.resolve4('four.test', { ttl: true }), d.resolve6('four.test').catch((e) => e.code)])
        .then((all) => console.log(JSON.stringify(all))), ''`,
    ]),
    java: await ran([...as, 'java', '-Xshare:auto', '-XX:TieredStopAtLevel=1', javaFile]),
  };
}

const seen = {
  getent: expect.stringMatching(/^fd77::2 .*\n[^]*10\.77\.0\.2 /),
  searched: expect.stringMatching(/^10\.77\.0\.7 +STREAM inner\.lan\.test\n/),
  gone: 'ended with 2: ',
  reverse: expect.stringMatching(/^10\.77\.0\.7 +pointer\.test\n/),
  python: "['10.77.0.2', 'fd77::2']\n",
  many: '60\n',
  node: expect.stringContaining('"v=spf1 -all"'),
  java: expect.stringMatching(/10\.77\.0\.2/),
};

const java = `
import java.net.InetAddress;
import java.util.Arrays;
class Resolve {
  public static void main(String[] words) throws Exception {
    for (InetAddress one : InetAddress.getAllByName("www.test")) System.out.println(one);
    System.out.println(InetAddress.getAllByName("many.test").length);
  }
}`;

const rules = (app: Namespace, { node, bundle }: Installed, ...words: readonly string[]) =>
  ran([...app.through, node, bundle, 'rules', ...words]);

async function withScene(
  body: (scene: Scene & { readonly world: Namespace }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await withNamespaces(2, async (app, world) => {
      const installed = await install(folder);
      await joinWorld(app, world);
      await body({ app, installed, world });
    });
  });
}

interface Cassette {
  readonly interactions: readonly {
    readonly question: { readonly type: string; readonly name: string };
    readonly answer: { readonly records: readonly unknown[] };
    readonly ending: { readonly type: string };
  }[];
}

async function recorded({ installed }: Scene, name: string): Promise<Cassette['interactions']> {
  const text = await readFile(join(installed.folder, 'cassettes', `${name}.json`), 'utf8');
  return (JSON.parse(text) as Cassette).interactions;
}

const missedIn = (log: string): number => Number(/"missed":(\d+)/.exec(log)?.[1]);

afterEach(endAll);

describeWhere(there, 'names', () => {
  test('of every type, over UDP and TCP, are replayed byte for byte with their world gone', async () => {
    await withScene(async (scene) => {
      const { app, installed, world } = scene;
      await writeFile(join(installed.folder, 'Resolve.java'), java);
      const server = await startDnsmasq(world, installed.folder);
      const direct = await answers(scene);
      expect(Object.keys(direct)).toHaveLength(4 * questions.length + 4);
      expect(direct['A x.broken.test udp']).toMatch(/^8182/);
      await rules(app, installed, 'apply', '--uid', String(uid));
      const transparent = { MAGNETO_TRANSPARENT: 'true', MAGNETO_CASSETTE_NAME: 'names' };

      const recording = await serve(app, installed, { ...transparent, MAGNETO_MODE: 'record' });
      expect(await answers(scene)).toEqual(direct);
      const told = await clients(scene);
      expect(told).toEqual(seen);
      // Too large for a datagram: cut there.
      const cut = await bytesOf(scene, [many], ['udp']);
      const [bytes = ''] = Object.values(cut);
      expect(bytes.length / 2).toBeLessThanOrEqual(510);
      expect(Number.parseInt(bytes.slice(0, 2), 16) & 2).toBe(2);
      const services = await dig(scene, 'HTTPS', 'service.test');
      const bindings = await dig(scene, 'SVCB', 'binding.test');
      expect(`${services}${bindings}`).not.toMatch(/h3|ech/);
      expect(services).toMatch('1 . alpn="h2" ipv4hint=10.77.0.2');
      expect((await recording.stop()).status).toBe(0);

      const https = (await recorded(scene, 'names')).find(
        ({ question }) => question.type === 'HTTPS',
      );
      expect(https?.answer.records).toMatchObject([
        { data: { params: { alpn: ['h2', 'h3'], ech: { base64: 'QUI=' } } } },
      ]);

      await server.stop();
      const replaying = await serve(app, installed, { ...transparent, MAGNETO_MODE: 'replay' });
      expect(await answers(scene)).toEqual(direct);
      expect(await clients(scene)).toEqual(told);
      expect(await bytesOf(scene, [many], ['udp'])).toEqual(cut);
      expect(await dig(scene, 'HTTPS', 'service.test')).toBe(services);
      expect(await dig(scene, 'HtTpS', 'SeRvIcE.tEsT')).toMatch('SeRvIcE.tEsT.');
      const { stdout, status } = await replaying.stop();
      expect([missedIn(stdout), status]).toEqual([0, 0]);
    });
  }, 180_000);

  test('that nobody recorded fail at once, as the policy has it, and are counted', async () => {
    await withScene(async (scene) => {
      const { app, installed, world } = scene;
      const server = await startDnsmasq(world, installed.folder);
      await rules(app, installed, 'apply', '--uid', String(uid));
      const transparent = { MAGNETO_TRANSPARENT: 'true', MAGNETO_CASSETTE_NAME: 'few' };
      const recording = await serve(app, installed, { ...transparent, MAGNETO_MODE: 'record' });
      await dig(scene, 'A', 'four.test');
      await recording.stop();
      await server.stop();
      for (const policy of ['nxdomain', 'servfail']) {
        const replaying = await serve(app, installed, {
          ...transparent,
          MAGNETO_MODE: 'replay',
          MAGNETO_DNS_MISS: policy,
        });
        const startedAt = performance.now();
        const answer = await dig(scene, 'A', 'never.test');
        expect(answer).toMatch(`status: ${policy.toUpperCase()}`);
        expect(await dig(scene, '+tcp', 'TXT', 'never.test')).toMatch(policy.toUpperCase());
        // A name that exists, tried in the domain that is searched: no miss.
        expect(await dig(scene, 'A', 'four.test.lan.test')).toMatch('NXDOMAIN');
        expect(await dig(scene, '-x', '10.77.0.2')).toMatch(/PTR\s+four\.test\./);
        expect(performance.now() - startedAt).toBeLessThan(4_000);
        const { stdout, status } = await replaying.stop();
        expect([missedIn(stdout), status]).toEqual([2, 3]);
        expect(stdout).toMatch('NAME_NOT_RECORDED');
      }
    });
  }, 60_000);

  test('of a resolver that is dead fail in time, and are replayed as what they were', async () => {
    await withScene(async (scene) => {
      const { app, installed } = scene;
      await rules(app, installed, 'apply', '--uid', String(uid));
      const transparent = { MAGNETO_TRANSPARENT: 'true', MAGNETO_CASSETTE_NAME: 'dead' };
      // Its machine takes the datagram, and nothing answers: the kernel drops what it would say.
      await scene.world.run('sh', '-ec', 'iptables-nft -A INPUT -p udp --dport 53 -j DROP');
      const recording = await serve(app, installed, { ...transparent, MAGNETO_MODE: 'record' });
      const startedAt = performance.now();
      expect(await dig(scene, 'A', 'four.test')).toMatch('SERVFAIL');
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      await recording.stop();
      const [one] = await recorded(scene, 'dead');
      expect(one).toMatchObject({ answer: { code: 'SERVFAIL' }, ending: { type: 'timedOut' } });
      const replaying = await serve(app, installed, { ...transparent, MAGNETO_MODE: 'replay' });
      expect(await dig(scene, 'A', 'four.test')).toMatch('SERVFAIL');
      expect((await replaying.stop()).status).toBe(0);
    });
  }, 60_000);

  test('have no address of IPv6 where that is not captured, and it is recorded all the same', async () => {
    await withScene(async (scene) => {
      const { app, installed, world } = scene;
      const server = await startDnsmasq(world, installed.folder);
      await rules(app, installed, 'apply', '--uid', String(uid));
      const transparent = {
        MAGNETO_TRANSPARENT: 'true',
        MAGNETO_CASSETTE_NAME: 'six',
        MAGNETO_HOST: '127.0.0.1',
      };
      const recording = await serve(app, installed, { ...transparent, MAGNETO_MODE: 'record' });
      const answer = await dig(scene, 'AAAA', 'www.test');
      expect(answer).toMatch('host.test.');
      expect(answer).not.toMatch('fd77::2');
      const ahosts = await ran([...within(app, installed), 'getent', 'ahosts', 'www.test']);
      expect(ahosts).toMatch('10.77.0.2');
      expect(ahosts).not.toMatch('fd77');
      await recording.stop();
      await server.stop();
      const six = (await recorded(scene, 'six')).find(({ question }) => question.type === 'AAAA');
      expect(JSON.stringify(six)).toMatch('fd77::2');
      const replaying = await serve(app, installed, { ...transparent, MAGNETO_MODE: 'replay' });
      expect(await dig(scene, 'AAAA', 'www.test')).toBe(answer);
      await replaying.stop();
      const both = await serve(app, installed, {
        ...transparent,
        MAGNETO_MODE: 'replay',
        MAGNETO_HOST: '127.0.0.1,::1',
      });
      expect(await dig(scene, 'AAAA', 'www.test')).toMatch('fd77::2');
      await both.stop();
    });
  }, 60_000);
});
