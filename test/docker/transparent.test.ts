import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { originName, startOrigin } from './origin.ts';
import type { Container, Ended, Stage } from './stage.ts';
import { client, variables, withStage } from './stage.ts';
import type { Folders } from './story.ts';
import {
  applications,
  bases,
  folders,
  receiptOf,
  recordedUrls,
  sockets,
  whileAsking,
} from './story.ts';

const image = images.transparent;
const capabilities = ['NET_ADMIN', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`);
const strict = ['--cap-drop=ALL', ...capabilities, '--read-only'] as const;

/** Starts magneto as a sidecar, with no more rights than it needs. */
async function startSidecar(
  stage: Stage,
  mode: string,
  options: readonly string[],
): Promise<Container> {
  const all = [...strict, '--health-interval=1s', ...options, ...variables({ MAGNETO_MODE: mode })];
  const sidecar = await stage.start('magneto', all, [image]);
  await sidecar.healthy();
  return sidecar;
}

/** All that an application is told: whom to trust. */
function beside(sidecar: Container, { certs }: Folders): readonly string[] {
  return [
    `--network=container:${sidecar.name}`,
    `--volume=${certs}:/certs:ro`,
    ...variables({ REQUESTS_CA_BUNDLE: '/certs/ca.pem', NODE_EXTRA_CA_CERTS: '/certs/ca.pem' }),
  ];
}

/** An application of Java's, with the certificate in a key store, as Java wants it. */
async function javaApplication(
  stage: Stage,
  sidecar: Container,
  { certs }: Folders,
): Promise<Ended> {
  const folder = join(stage.folder, `java-${sidecar.name}`);
  await mkdir(folder, { recursive: true });
  const script = `javac --release 17 -d "$1" "$2"
    [ -e "$1/trust.p12" ] || keytool -importcert -noprompt -file "$3" -keystore "$1/trust.p12" \
      -storetype PKCS12 -storepass changeit`;
  const source = resolve('test/docker/apps/HttpClientApp.java');
  await execa('sh', ['-c', script, 'sh', folder, source, join(certs, 'ca.pem')]);
  return client(
    stage,
    [`--network=container:${sidecar.name}`, `--volume=${folder}:/java:ro`],
    [
      'java',
      '-Djavax.net.ssl.trustStore=/java/trust.p12',
      '-Djavax.net.ssl.trustStorePassword=changeit',
      '-cp',
      '/java',
      'HttpClientApp',
      ...bases,
    ],
  );
}

/** The rules in the network namespace of a container, without counters and times. */
async function rulesIn(stage: Stage, holder: Container): Promise<string> {
  const options = [`--network=container:${holder.name}`, '--cap-add=NET_ADMIN'];
  const save = 'iptables-save -t nat; ip6tables-save -t nat';
  const { stdout } = await stage.run([...options, '--entrypoint=sh'], [image, '-c', save]);
  return stdout.replaceAll(/^#.*\n?/gm, '').replaceAll(/ \[\d+:\d+\]/g, '');
}

describeWhere(engine, 'a transparent sidecar', () => {
  beforeAll(prepare, preparingMs);

  test.each([
    { whose: 'the folder of user 1000, applications of root', owner: 1000, user: [] },
    { whose: 'the folder and the applications of user 1000', owner: 1000, user: ['--user=1000'] },
    { whose: 'the folder of root', owner: 0, user: [] },
  ])(
    'records applications that know nothing of it, and replays them: $whose',
    ({ owner, user }) =>
      withStage(async (stage) => {
        const own = await folders(stage, owner);
        const origin = await startOrigin(stage);
        const run = async (sidecar: Container): Promise<readonly Ended[]> => [
          ...(await applications(stage, [...beside(sidecar, own), ...user])),
          await client(
            stage,
            [...beside(sidecar, own), ...user, '--env=FETCH_CLIENT_WS=ws'],
            ['node', '/apps/fetch-client.ts', ...sockets],
          ),
          await javaApplication(stage, sidecar, own),
        ];

        const recording = await startSidecar(stage, 'record', [...own.mounts, ...origin.trusted]);
        const live = await run(recording);
        expect(live.map(({ status, stderr }) => [status, stderr])).toEqual(live.map(() => [0, '']));
        expect(await recording.stop()).toMatchObject({ status: 0 });
        await recording.remove();
        await origin.remove();
        for (const file of [join(own.tapes, 'default.json'), join(own.certs, 'ca.key')]) {
          const { uid, gid } = await stat(file);
          expect({ file, uid, gid }).toEqual({ file, uid: owner, gid: owner });
        }

        const replaying = await startSidecar(stage, 'replay', own.mounts);
        expect(await run(replaying)).toEqual(live);
        expect(await receiptOf(replaying)).toMatchObject({ missed: 0, liveCalls: 0 });
        expect(await replaying.stop()).toMatchObject({ status: 0 });
      }),
    240_000,
  );

  test(
    'kill -9 of the proxy amid traffic: it comes back, and nothing that was read is lost',
    () =>
      withStage(async (stage) => {
        const own = await folders(stage, 1000);
        const origin = await startOrigin(stage);
        const sidecar = await startSidecar(stage, 'record', [...own.mounts, ...origin.trusted]);
        const read = await whileAsking(stage, beside(sidecar, own), async () => {
          await killProxy(sidecar);
        });
        await sidecar.healthy();
        await untilAnswers(stage, beside(sidecar, own));
        expect(await sidecar.stop()).toMatchObject({ status: 0 });
        expect(await readdir(own.tapes)).toEqual(['default.json']);
        const urls = await recordedUrls(join(own.tapes, 'default.json'));
        expect(read.length).toBeGreaterThan(10);
        expect(read.filter((url) => !urls.has(url))).toEqual([]);
        expect(urls.has(`http://${originName}/afterwards`)).toBe(true);
      }),
    120_000,
  );

  test(
    'leaves its rules where it ends, so that nothing is let out; starts over them; and removes them when told to',
    () =>
      withStage(async (stage) => {
        const holder = await stage.start('application', [], [images.clients, 'sleep', 'infinity']);
        const shared = [`--network=container:${holder.name}`];
        const before = await rulesIn(stage, holder);
        expect(before).toContain('DOCKER_OUTPUT');
        const asks = (): Promise<Ended> =>
          stage.run(
            [...shared, '--entrypoint=curl'],
            [image, '-sS', '-m', '5', 'http://192.0.2.9/'],
          );

        const first = await startSidecar(stage, 'passthrough', shared);
        const during = await rulesIn(stage, holder);
        expect(during.match(/-j MAGNETO_OUTPUT/g)).toHaveLength(2);
        expect(await first.stop()).toMatchObject({ status: 0 });
        await first.remove();
        expect(await rulesIn(stage, holder)).toBe(during);
        expect(await asks()).toMatchObject({ status: 7 });

        const killed = await startSidecar(stage, 'passthrough', shared);
        await docker('kill', killed.name);
        await killed.remove();
        expect(await asks()).toMatchObject({ status: 7 });
        const second = await startSidecar(stage, 'passthrough', shared);
        expect(await rulesIn(stage, holder)).toBe(during);
        await second.stop();
        const removing = [...strict, ...shared];
        expect(await stage.run(removing, [image, 'rules', 'remove'])).toMatchObject({ status: 0 });
        expect(await rulesIn(stage, holder)).toBe(before);
      }),
    120_000,
  );

  test(
    'ends with a status of its own where its test connections do not come through, and says what is wrong',
    () =>
      withStage(async (stage) => {
        const holder = await stage.start('application', [], [images.clients, 'sleep', 'infinity']);
        const shared = [...strict, `--network=container:${holder.name}`];
        const foreign = 'iptables -I INPUT -p tcp --dport 8888 -j REJECT --reject-with tcp-reset';
        await stage.run([...shared, '--entrypoint=sh'], [image, '-c', foreign]);
        const options = [...shared, ...variables({ MAGNETO_MODE: 'passthrough' })];
        const { status, stderr } = await stage.run(options, [image]);
        expect(status).toBe(4);
        expect(stderr).toMatch(/CAPTURE_SELF_TEST_FAILED: 2 of 2/);
        expect(stderr).toMatch(/FAIL IPv4 port 443 +was refused/);
      }),
    60_000,
  );

  test(
    'under MAGNETO_FAIL=open lets connections out where it ends',
    () =>
      withStage(async (stage) => {
        const holder = await stage.start('application', [], [images.clients, 'sleep', 'infinity']);
        const shared = [`--network=container:${holder.name}`];
        const before = await rulesIn(stage, holder);
        const open = [...shared, ...variables({ MAGNETO_FAIL: 'open' })];
        const sidecar = await startSidecar(stage, 'passthrough', open);
        expect(await rulesIn(stage, holder)).toContain('MAGNETO_OUTPUT');
        expect(await sidecar.stop()).toMatchObject({ status: 0 });
        expect(await rulesIn(stage, holder)).toBe(before);
      }),
    60_000,
  );

  test(
    'answers for the counters of the rules on two pipes that have no name, and for nothing else',
    () =>
      withStage(async (stage) => {
        const sidecar = await startSidecar(stage, 'passthrough', []);
        // The root side's own end: whoever writes there asks as the proxy does, whatever is written.
        const asks = `echo 'rules remove' >/proc/1/fd/6; ls -l /proc/1/fd`;
        const { stdout } = await sidecar.exec('sh', '-c', asks);
        const { bypassed } = await receiptOf(sidecar);
        expect(bypassed).toMatchObject({ tcpBypassed: 0, sealed: 0 });
        expect(stdout).toMatch(/magneto-ask\.1 \(deleted\)/);
        expect(await rulesIn(stage, sidecar)).toContain('MAGNETO_OUTPUT');
      }),
    60_000,
  );

  test('without NET_ADMIN it says so in one line, and ends', () =>
    withStage(async ({ run }) => {
      const { status, stderr } = await run(['--cap-drop=ALL'], [image]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^magneto: NET_ADMIN_MISSING: [^\n]*$/);
    }));

  test(
    'a proxy that cannot start is not started again',
    () =>
      withStage(async (stage) => {
        const { status, stderr } = await stage.run(
          [...strict, ...variables({ MAGNETO_MODE: 'replay' })],
          [image],
        );
        expect(status).toBe(2);
        expect(stderr.match(/CASSETTE_NOT_FOUND/g)).toHaveLength(1);
      }),
    60_000,
  );

  test(
    'a proxy that crashes again and again is given up',
    () =>
      withStage(async (stage) => {
        const sidecar = await startSidecar(stage, 'passthrough', []);
        for (let crash = 0; crash < 6; crash += 1) {
          await untilServes(sidecar);
          await killProxy(sidecar);
        }
        await execa('docker', ['wait', sidecar.name], { timeout: 10_000 });
        expect(await sidecar.inspect('{{.State.ExitCode}}')).toBe('137');
        expect(await sidecar.logs()).toContain('giving up');
      }),
    60_000,
  );

  test('other verbs need no rights at all', () =>
    withStage(async ({ run }) => {
      expect(await run(['--cap-drop=ALL', '--user=1234'], [image, 'version'])).toMatchObject({
        status: 0,
      });
    }));
});

/** Kills the proxy: of the children of the shell that is PID 1 the one that its user may kill, for root may not. */
async function killProxy(sidecar: Container): Promise<void> {
  const kill = 'kill -9 $(cat /proc/1/task/1/children) 2>/dev/null || true';
  await docker('exec', '--user=1000', sidecar.name, 'sh', '-c', kill);
}

async function untilServes(sidecar: Container): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await sidecar.exec('node', '/app/magneto.cjs', 'health')).status === 0) return;
    await sleep(100);
  }
  throw new Error(`magneto did not come back:\n${await sidecar.logs()}`);
}

async function untilAnswers(stage: Stage, options: readonly string[]): Promise<void> {
  const script = `(async () => {
    for (let tries = 0; tries < 100; tries += 1) {
      const answer = await fetch('http://${originName}/afterwards').catch(() => undefined);
      if (answer?.status === 200 && (await answer.text()) !== '') return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    process.exit(1);
  })();`;
  expect(await client(stage, options, ['node', '--eval', script])).toMatchObject({ status: 0 });
}
