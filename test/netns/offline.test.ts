import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { withFolder } from '../end-to-end/with-appliance.ts';
import type { Condition } from '../skip.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import {
  endAll,
  install,
  joinWorld,
  ran,
  rulesIn,
  serve,
  startWorld,
  uid,
  within,
} from './transparent.ts';

const captures = capturesWith('curl');
const there: Condition = {
  ok: captures.ok && spawnSync('strace', ['-D', 'true']).status === 0,
  reason: `${captures.reason}; and the right to trace`,
};

const transparent = { MAGNETO_TRANSPARENT: 'true' } as const;

interface Place {
  readonly app: Namespace;
  readonly installed: Installed;
}

function rules({ app, installed }: Place, ...words: readonly string[]): Promise<string> {
  const { node, bundle } = installed;
  return ran([...app.through, node, bundle, 'rules', ...words], { MAGNETO_MODE: 'replay' });
}

/** What applications ask: by name and by address, in the clear and under TLS, over IPv4 and IPv6. */
async function applications({ app, installed }: Place): Promise<readonly string[]> {
  const ca = join(installed.folder, 'certs', 'ca.pem');
  const curl = (...words: readonly string[]): Promise<string> =>
    ran([...within(app, installed), 'curl', '-sS', '-m', '5', '--cacert', ca, ...words]);
  return [
    await curl('http://origin.test/plain'),
    await curl('https://origin.test/secure'),
    await curl('-4', 'https://four.test/four'),
    await curl('-6', 'https://origin.test/six'),
    await curl('http://10.77.0.2/address'),
    await curl('https://[fd77::2]/address'),
    await curl('http://absent.test/'),
  ];
}

function inWorlds(body: (folder: string, place: Place, world: Namespace) => Promise<void>) {
  return withFolder(async (folder) => {
    const installed = await install(folder);
    await withNamespaces(2, async (app, world) => {
      await joinWorld(app, world);
      await body(folder, { app, installed }, world);
    });
  });
}

afterEach(endAll);

describeWhere(there, 'a replay in a network without a way out', () => {
  test(
    'of nothing but a loopback device: names and addresses of both families, and no socket beyond it',
    () =>
      inWorlds(async (folder, recordingPlace, world) => {
        const { installed } = recordingPlace;
        const origin = await startWorld(world, folder);
        await rules(recordingPlace, 'apply', '--uid', String(uid));
        const recording = await serve(recordingPlace.app, installed, {
          ...transparent,
          MAGNETO_MODE: 'record',
          MAGNETO_UPSTREAM_CA: origin.caFile,
        });
        const live = await applications(recordingPlace);
        expect(live.slice(0, 6).join()).not.toMatch(/ended with/);
        expect(live[6]).toMatch(/Could not resolve/);
        await recording.stop();
        await origin.stop();

        await withNamespaces(1, async (app) => {
          const place = { app, installed };
          const before = [await app.run('ip', 'address'), await app.run('ip', '-6', 'route')];
          expect(await app.run('ip', 'route')).toBe('');
          expect(await rules(place, 'apply', '--uid', String(uid))).toMatch(
            /no route to the outside over IPv4 and IPv6/,
          );
          const trace = join(folder, 'cassettes', 'trace');
          const strace = ['strace', '-D', '-f', '-qq', '-e', 'trace=%network', '-o', trace];
          const replaying = await serve(
            { ...app, through: [...app.through, ...strace] },
            installed,
            { ...transparent, MAGNETO_MODE: 'replay', PATH: process.env['PATH'] ?? '' },
          );
          expect(await applications(place)).toEqual(live);
          const { status, stdout } = await replaying.stop();
          // The name that does not exist was recorded as such: nothing was missed.
          expect(status).toBe(0);
          expect(stdout).toMatch(/"missed":0.*"liveCalls":0/);

          const calls = (await readFile(trace, 'utf8')).split('\n');
          expect(calls.filter((call) => /bind\(.*AF_INET/.test(call)).length).toBeGreaterThan(2);
          expect(calls.filter((call) => /\bconnect\(.*AF_INET/.test(call))).toEqual([]);
          const sent = calls.filter((call) => /\bsend(to|msg|mmsg)\(.*sin6?_/.test(call));
          // Answers for names go back to whoever asked, and there is nobody but this machine.
          expect(
            sent.filter((call) => !/"192\.0\.0\.8"|"127\.0\.0\.1"|"::1"|"100:0:0:1::8"/.test(call)),
          ).toEqual([]);

          expect(await rules(place, 'remove')).toMatch(/^rules removed/);
          expect([await app.run('ip', 'address'), await app.run('ip', '-6', 'route')]).toEqual(
            before,
          );
          expect(await app.run('ip', 'route')).toBe('');
          expect(await rulesIn(app)).not.toContain('MAGNETO');
        });
      }),
    120_000,
  );

  test(
    'of neighbours only: what is not captured fails at once, and neighbours are reached',
    () =>
      inWorlds(async (folder, place, world) => {
        const { app, installed } = place;
        await app.run('ip', 'route', 'del', 'default');
        await app.run('ip', '-6', 'route', 'del', 'default');
        await startWorld(world, folder);
        await rules(place, 'apply', '--uid', String(uid));
        expect(await app.run('ip', 'route', 'show', 'default')).toMatch(
          /dev lo .*metric 4294967295/,
        );
        // A neighbour's port that is not captured, and a stranger's: reached, and refused at once.
        const curl = (url: string): Promise<string> =>
          ran([...within(app, installed), 'curl', '-sS', '-m', '5', url]);
        expect(await curl('telnet://10.77.0.2:2525')).toBe('220 server speaks first\n');
        const from = performance.now();
        expect(await curl('telnet://198.51.100.7:2525')).toMatch(/^ended with 7/);
        expect(await curl('telnet://[2001:db8:1::7]:2525')).toMatch(/^ended with 7/);
        expect(performance.now() - from).toBeLessThan(2500);
        // A way out that comes later goes before ours, and applying again changes nothing.
        await rules(place, 'apply', '--uid', String(uid));
        expect((await app.run('ip', 'route', 'show', 'default')).trim().split('\n')).toHaveLength(
          1,
        );
        await app.run('ip', 'route', 'add', 'default', 'via', '10.77.0.2');
        expect(await app.run('ip', 'route', 'get', '198.51.100.7')).toMatch(/via 10\.77\.0\.2/);
        await rules(place, 'remove');
        expect((await app.run('ip', 'route', 'show', 'default')).trim()).toBe(
          'default via 10.77.0.2 dev cable',
        );
      }),
    120_000,
  );

  test(
    'a recording is left alone',
    () =>
      withFolder(async (folder) => {
        const installed = await install(folder);
        await withNamespaces(1, async (app) => {
          const words = [...app.through, installed.node, installed.bundle, 'rules', 'apply'];
          await ran(words, { MAGNETO_MODE: 'record' });
          expect(await app.run('ip', 'route')).toBe('');
        });
      }),
    60_000,
  );
});

describeWhere(there, 'a proxy that is killed', () => {
  test(
    'while requests run: they are refused, none is let out, and then they are served again',
    () =>
      inWorlds(async (folder, place, world) => {
        const { app, installed } = place;
        const origin = await startWorld(world, folder);
        await rules(place, 'apply', '--uid', String(uid));
        const options = {
          ...transparent,
          MAGNETO_MODE: 'record',
          MAGNETO_UPSTREAM_CA: origin.caFile,
        } as const;
        const arrivals = await countArrivals(world);
        const first = await serve(app, installed, options);
        const url = 'http://10.77.0.2/known';
        const loop = `for n in $(seq 4000); do curl -s -m 5 -o /dev/null -w '%{http_code}\\n' ${url}; done`;
        const [command = '', ...words] = within(app, installed);
        const asking = spawn(command, [...words, 'sh', '-c', loop], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const codes: string[] = [];
        asking.stdout.on('data', (chunk: Buffer) =>
          codes.push(...chunk.toString().trim().split('\n')),
        );
        await until(() => codes.length > 20);
        expect(await arrivals()).toBeGreaterThan(0);
        await first.stop('SIGKILL');
        const out = await arrivals();
        const served = codes.length;
        await until(() => codes.length > served + 50);
        expect(new Set(codes.slice(served + 5))).toEqual(new Set(['000']));
        // Neither a connection nor a word of any leaves while nobody is there to take it.
        expect((await arrivals()) - out).toBe(0);
        const second = await serve(app, installed, { ...options, MAGNETO_RESUME: 'true' });
        const back = codes.length;
        await until(() => codes.slice(back).includes('200'));
        asking.kill('SIGKILL');
        await once(asking, 'close');
        expect((await second.stop()).status).toBe(0);
        await origin.stop();
      }),
    120_000,
  );
});

/** Begins to count, on the outer side, what comes of new connections and datagrams, of both families. */
async function countArrivals(world: Namespace): Promise<() => Promise<number>> {
  const commands = ['iptables-nft', 'ip6tables-nft'];
  for (const command of commands) {
    await world.run(command, '-A', 'INPUT', '-p', 'tcp', '--syn', '-j', 'ACCEPT');
    await world.run(command, '-A', 'INPUT', '-p', 'udp', '-j', 'ACCEPT');
  }
  return async () => {
    const lists = await Promise.all(commands.map((name) => world.run(name, '-nvxL', 'INPUT')));
    const counts = lists.join('').matchAll(/^\s*(\d+)\s+\d+ ACCEPT/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries === 400) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
