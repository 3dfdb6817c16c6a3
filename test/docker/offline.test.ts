import { beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { originName, startOrigin } from './origin.ts';
import type { Container, Ended, Stage } from './stage.ts';
import { variables, withStage } from './stage.ts';
import type { Folders } from './story.ts';
import { applications, folders, receiptOf } from './story.ts';

const image = images.transparent;
const strict = [
  '--cap-drop=ALL',
  ...['NET_ADMIN', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`),
  '--read-only',
  '--health-interval=1s',
];

async function startSidecar(
  stage: Stage,
  name: string,
  options: readonly string[],
): Promise<Container> {
  const sidecar = await stage.start(name, [...strict, ...options], [image]);
  await sidecar.healthy();
  return sidecar;
}

/** What applications of a sidecar got: of Python and Node, and of curl by name and family. */
async function run(
  stage: Stage,
  sidecar: Container,
  { certs }: Folders,
): Promise<readonly Ended[]> {
  const beside = [`--network=container:${sidecar.name}`, `--volume=${certs}:/certs:ro`];
  const trusts = variables({
    REQUESTS_CA_BUNDLE: '/certs/ca.pem',
    NODE_EXTRA_CA_CERTS: '/certs/ca.pem',
    CURL_CA_BUNDLE: '/certs/ca.pem',
  });
  const curl = (...words: readonly string[]): Promise<Ended> =>
    stage.run([...beside, ...trusts, '--entrypoint=curl'], [image, '-sS', '-m', '10', ...words]);
  return [
    ...(await applications(stage, [...beside, ...trusts])),
    await curl(`http://${originName}/curl`),
    await curl(`https://${originName}/curl`),
    await curl('-4', `https://${originName}/four`),
  ];
}

/** Packets that left by anything but the loopback device. */
async function packetsOut(sidecar: Container): Promise<number> {
  const { stdout } = await sidecar.exec('cat', '/proc/net/dev');
  const rows = stdout.split('\n').filter((line) => line.includes(':') && !/^\s*lo:/.test(line));
  const sent = rows.map((line) => Number(line.split(':')[1]?.trim().split(/\s+/)[9]));
  return sent.reduce((sum, count) => sum + count, 0);
}

describeWhere(engine, 'a replay', () => {
  beforeAll(prepare, preparingMs);

  test(
    'without any network, and in one that leads nowhere, is the recording',
    () =>
      withStage(async (stage) => {
        const own = await folders(stage, 1000);
        const origin = await startOrigin(stage);
        const record = variables({ MAGNETO_MODE: 'record' });
        const options = [...own.mounts, ...origin.trusted, ...record];
        const recording = await startSidecar(stage, 'recording', options);
        const live = await run(stage, recording, own);
        expect(live.map(({ status, stderr }) => [status, stderr])).toEqual(live.map(() => [0, '']));
        expect(await recording.stop()).toMatchObject({ status: 0 });
        await recording.remove();
        await origin.remove();

        const replay = [...own.mounts, ...variables({ MAGNETO_MODE: 'replay' })];
        const internal = `${stage.network}-internal`;
        await docker('network', 'create', '--internal', internal);
        try {
          for (const network of ['none', internal]) {
            const name = network === internal ? 'internal' : 'none';
            const replaying = await startSidecar(stage, name, [`--network=${network}`, ...replay]);
            try {
              const before = await packetsOut(replaying);
              expect(await run(stage, replaying, own)).toEqual(live);
              expect(await receiptOf(replaying)).toMatchObject({ missed: 0, liveCalls: 0 });
              expect((await packetsOut(replaying)) - before).toBe(0);
              expect(await replaying.stop()).toMatchObject({ status: 0 });
            } finally {
              await replaying.remove();
            }
          }
        } finally {
          await docker('network', 'rm', internal);
        }
      }),
    240_000,
  );

  test(
    'without any network, over IPv6, where that is on',
    () =>
      withStage(async (stage) => {
        const own = await folders(stage, 1000);
        const on = '--sysctl=net.ipv6.conf.all.disable_ipv6=0';
        const options = [
          on,
          '--network=none',
          ...own.mounts,
          ...variables({ MAGNETO_MODE: 'replay', MAGNETO_CASSETTE_WAIT: 'true' }),
        ];
        const sidecar = await startSidecar(stage, 'six', options);
        expect(await sidecar.logs()).toContain('self-test passed: IPv4 and IPv6, ports 80, 443');
        expect(await sidecar.logs()).toContain('no route to the outside over IPv4 and IPv6');
      }),
    60_000,
  );
});
