import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import type { Namespace } from './namespaces.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import type { Installed } from './transparent.ts';
import { endAll, install, proxyGid, ran, serveUntil, uid, within } from './transparent.ts';

const there = capturesWith('curl', 'setpriv', 'python3');

type Variables = Readonly<Record<string, string>>;

interface Place {
  readonly app: Namespace;
  readonly installed: Installed;
}

/** Runs `magneto rules …` inside, as root. */
function rules(
  { app, installed: { node, bundle } }: Place,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return ran([...app.through, node, bundle, 'rules', ...words], env);
}

const apply = ['apply', '--uid', String(uid)] as const;
const captured = { MAGNETO_TRANSPARENT: 'true', MAGNETO_MODE: 'passthrough' } as const;

/** Runs a body in a network that consists of a loopback device. */
function inside(body: (place: Place) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    await withNamespaces(1, async (app) => {
      await body({ app, installed: await install(folder) });
    });
  });
}

async function healthOf({ app }: Pick<Place, 'app'>): Promise<string> {
  return app.run('curl', '-s', 'http://127.0.0.1:8889/health');
}

/** Waits until a magneto serves, ready or not. */
async function untilServing(app: Namespace): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await healthOf({ app })).includes('"phase":"serving"')) return;
    await sleep(50);
  }
  throw new Error('magneto did not serve');
}

/** A magneto that serves, whether ready or not. */
function started({ app, installed }: Place, variables: Variables, until = untilServing) {
  return serveUntil({ inside: app, installed, variables, until });
}

afterEach(endAll);

describeWhere(there, 'the self-test of the rules', () => {
  test(
    'without a proxy listens in its place, in both families and on each port, and leaves no route',
    () =>
      inside(async (place) => {
        expect(await rules(place, ['verify'])).toMatch(
          /^ended with 4: .*\n(.*timed out|.*no answer)/,
        );
        await rules(place, apply, { MAGNETO_MODE: 'record', MAGNETO_REDIRECT_PORTS: '2525' });
        const env = { MAGNETO_REDIRECT_PORTS: '2525' };
        expect(await rules(place, ['verify'], env)).toBe(
          'self-test passed: IPv4 and IPv6, ports 80, 443, 2525\n',
        );
        expect(await place.app.run('ip', 'route')).toBe('');
        expect(await place.app.run('ip', '-6', 'route')).not.toContain('2001:db8');
      }),
    60_000,
  );

  test.each([
    [{ MAGNETO_REDIRECT_UIDS: '1000' }, 'IPv4 and IPv6, ports 80, 443'],
    [{ MAGNETO_REDIRECT_EXCLUDE_UIDS: '0' }, 'IPv4 and IPv6, ports 80, 443'],
    [{ MAGNETO_REDIRECT_CIDRS: '10.99.0.7' }, 'IPv4, ports 80, 443'],
    [{ MAGNETO_REDIRECT_EXCLUDE_CIDRS: '192.0.0.0/8' }, 'IPv4 and IPv6, ports 80, 443'],
    [{ MAGNETO_REDIRECT_PORTS: '6379' }, 'IPv4 and IPv6, ports 80, 443, 6379'],
    [{ MAGNETO_REDIRECT_EXCLUDE_PORTS: '443' }, 'IPv4 and IPv6, ports 80'],
    [{ MAGNETO_REDIRECT_PORTS: 'all' }, 'IPv4 and IPv6, ports 80, 443, 5432, 8080, 50051'],
  ])(
    'tests what is captured under %j',
    (env, covered) =>
      inside(async (place) => {
        await rules(place, apply, { MAGNETO_MODE: 'record', ...env });
        expect(await rules(place, ['verify'], env)).toBe(`self-test passed: ${covered}\n`);
      }),
    60_000,
  );

  test(
    'says so where nothing is left to be captured',
    () =>
      inside(async (place) => {
        const env = { MAGNETO_REDIRECT_EXCLUDE_PORTS: '80,443' };
        await rules(place, apply, { MAGNETO_MODE: 'record', ...env });
        expect(await rules(place, ['verify'], env)).toMatch(
          /^ended with 4: magneto: CAPTURE_SELF_TEST_FAILED: no port /,
        );
      }),
    60_000,
  );

  test(
    'tests one family where only one is captured',
    () =>
      inside(async (place) => {
        await rules(place, apply);
        for (const line of ['-D OUTPUT 1', '-F MAGNETO_OUTPUT', '-X MAGNETO_OUTPUT']) {
          await place.app.run('sh', '-ec', `ip6tables-nft -t nat ${line}`);
        }
        expect(await rules(place, ['verify'])).toBe('self-test passed: IPv4, ports 80, 443\n');
      }),
    60_000,
  );

  test(
    'a proxy is not ready until it came through',
    () =>
      inside(async (place) => {
        // A port of which nothing is looked at, but for the test.
        const opaque = { MAGNETO_REDIRECT_PORTS: '6379' };
        await rules(place, apply, opaque);
        const testing = rules(place, ['verify', '--wait'], opaque);
        const variables = { ...captured, ...opaque, MAGNETO_SELF_TEST: 'true' };
        // Anybody may ask for a page, but only as many connections as there are make it ready.
        const magneto = await started(place, variables);
        expect(await testing).toBe('self-test passed: IPv4 and IPv6, ports 80, 443, 6379\n');
        expect(await healthOf(place)).toContain('"status":"ready"');
        await magneto.stop();

        const untested = await started(place, variables);
        expect(await healthOf(place)).toContain('"reason":"waiting for the self-test"');
        await place.app.run(
          'curl',
          '-s',
          '--proxy',
          'http://127.0.0.1:8888',
          'http://magneto.local/self-test?nonce=1&expects=192.0.2.2:80',
        );
        expect(await healthOf(place)).toContain('"reason":"waiting for the self-test"');
        expect(await rules(place, ['verify'])).toMatch(/^self-test passed/);
        expect(await healthOf(place)).toContain('"status":"ready"');
        await untested.stop();
      }),
    60_000,
  );

  test.each([
    {
      hidden: false,
      what: 'a proxy that listens in one family',
      variables: { ...captured, MAGNETO_HOST: '0.0.0.0' },
      says: [/ok {3}IPv4 port 80/, /FAIL IPv6 port 80 +was refused/, /MAGNETO_HOST=0\.0\.0\.0,::/],
    },
    {
      hidden: false,
      what: 'a proxy that does not ask the kernel',
      variables: { MAGNETO_MODE: 'passthrough', MAGNETO_HOST: '0.0.0.0,::' },
      says: [
        /FAIL IPv4 port 443 +arrived, but the kernel named no destination/,
        /MAGNETO_TRANSPARENT=true/,
      ],
    },
    {
      // Its own control port is elsewhere, so nobody can ask it how far it is.
      hidden: true,
      what: 'another magneto than the one of the control port',
      variables: { ...captured, MAGNETO_HOST: '0.0.0.0,::', MAGNETO_CONTROL_PORT: '9999' },
      other: { ...captured, MAGNETO_PORT: '7777', MAGNETO_DNS_PORT: '7753' },
      says: [/FAIL IPv4 port 80 +answered by another magneto/, /two magnetos/],
    },
  ])(
    'says what is wrong with $what',
    ({ hidden, variables, other, says }) =>
      inside(async (place) => {
        await rules(place, apply);
        const here = hidden ? () => sleep(1500) : untilServing;
        const magneto = await started(place, variables, here);
        const second = other === undefined ? undefined : await started(place, other);
        const said = await rules(place, ['verify']);
        expect(said).toMatch(/^ended with 4: magneto: CAPTURE_SELF_TEST_FAILED: /);
        for (const words of says) expect(said).toMatch(words);
        expect(said.split('\n').length).toBeLessThan(24);
        await second?.stop();
        await magneto.stop();
      }),
    60_000,
  );

  test(
    'says so where somebody else redirects first, or answers',
    () =>
      inside(async (place) => {
        await rules(place, apply);
        const line = [...place.app.through, 'python3', '-u', '-m', 'http.server', '7000'];
        const server = spawn('env', line, { stdio: ['ignore', 'pipe', 'ignore'] });
        await once(server.stdout, 'data');
        const foreign =
          'iptables-nft -t nat -I OUTPUT 1 -d 192.0.2.0/24 -p tcp --dport 443 -j REDIRECT --to-ports 7000';
        expect(await place.app.run('sh', '-ec', foreign)).toBe('');
        const said = await rules(place, ['verify']);
        expect(said).toMatch(/FAIL IPv4 port 443 +answered with HTTP status 404 \(somebody else\)/);
        expect(said).toMatch(/ok {3}IPv4 port 80/);
        server.kill();
        await once(server, 'close');
      }),
    60_000,
  );

  test(
    'warns of a process that the rules take for the proxy, and of no other',
    () =>
      inside(async (place) => {
        await rules(place, apply);
        const sleeping = [
          [uid, proxyGid],
          [uid, uid],
          [0, proxyGid],
        ].map(([user = 0, gid = 0]) => {
          const [command = '', ...words] = within(place.app, place.installed, { user, gid });
          return spawn(command, [...words, 'sleep', '60'], { stdio: 'ignore' });
        });
        await sleep(500);
        const { node, bundle } = place.installed;
        const line = `${[...place.app.through, node, bundle].join(' ')} rules verify --uid ${uid} 2>&1`;
        const said = await ran(['sh', '-c', line]);
        expect(said).toContain('self-test passed');
        expect(said.split('\n').filter((one) => one.includes('nothing of it is captured'))).toEqual(
          [
            expect.stringMatching(
              /^magneto: process \d+ \(sleep\) runs as user 1000 with group 48889/,
            ),
          ],
        );
        for (const child of sleeping) child.kill('SIGKILL');
      }),
    60_000,
  );
});
