import { chown, mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare } from './engine.ts';
import { originName, startOrigin } from './origin.ts';
import type { Container, Ended, Stage } from './stage.ts';
import { client, variables, withStage } from './stage.ts';

const image = images.explicit;
const strict = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'] as const;
const owner = 1000;

/** The folders of a magneto: the host's, owned by the user of the image. */
async function folders(stage: Stage): Promise<{ tapes: string; certs: string; mounts: string[] }> {
  const [tapes, certs] = [join(stage.folder, 'tapes'), join(stage.folder, 'certs')];
  for (const folder of [tapes, certs]) {
    await mkdir(folder);
    await chown(folder, owner, owner);
  }
  return { tapes, certs, mounts: [`--volume=${tapes}:/cassettes`, `--volume=${certs}:/certs`] };
}

/** Starts magneto in a mode, on a file system that it can write nowhere but in its volumes. */
async function startMagneto(
  stage: Stage,
  mode: string,
  options: readonly string[],
): Promise<Container> {
  const all = [...strict, '--health-interval=1s', ...options, ...variables({ MAGNETO_MODE: mode })];
  const magneto = await stage.start('magneto', all, [image]);
  await magneto.healthy();
  return magneto;
}

/** What an application needs to know: the proxy, and the certificate. */
function settings(certs: string): readonly string[] {
  const proxy = 'http://magneto:8888';
  return [
    `--volume=${certs}/ca.pem:/ca.pem:ro`,
    ...variables({
      http_proxy: proxy,
      https_proxy: proxy,
      REQUESTS_CA_BUNDLE: '/ca.pem',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      NODE_USE_ENV_PROXY: '1',
    }),
  ];
}

const bases = [`http://${originName}`, `https://${originName}`] as const;
const sockets = [`ws://${originName}/a`, `wss://${originName}/b`] as const;

async function applications(stage: Stage, options: readonly string[]): Promise<readonly Ended[]> {
  return [
    await client(stage, options, ['python3', '/apps/requests-client.py', ...bases]),
    await client(stage, options, ['node', '/apps/fetch-client.ts', ...bases, ...sockets]),
  ];
}

async function receiptOf(magneto: Container): Promise<Record<string, unknown>> {
  const ask = `fetch('http://127.0.0.1:8889/receipt').then((r) => r.text()).then(console.log)`;
  return JSON.parse((await magneto.exec('node', '--eval', ask)).stdout) as Record<string, unknown>;
}

describeWhere(engine, 'an explicit proxy in a container', () => {
  beforeAll(prepare, 240_000);

  test(
    'records applications in containers, and replays them when the origin is gone',
    () =>
      withStage(async (stage) => {
        const { tapes, certs, mounts } = await folders(stage);
        const origin = await startOrigin(stage);
        const recording = await startMagneto(stage, 'record', [...mounts, ...origin.trusted]);
        const live = await applications(stage, settings(certs));
        expect(live.map(({ status, stderr }) => [status, stderr])).toEqual([
          [0, ''],
          [0, ''],
        ]);
        const stopped = await recording.stop();
        expect(stopped).toMatchObject({ status: 0 });
        expect(stopped.ms).toBeLessThan(8000);
        await recording.remove();
        await origin.remove();

        for (const file of await readdir(tapes)) {
          const { uid, gid } = await stat(join(tapes, file));
          expect({ file, uid, gid }).toEqual({ file: 'default.json', uid: owner, gid: owner });
        }
        const replaying = await startMagneto(stage, 'replay', [
          `--volume=${tapes}:/cassettes:ro`,
          `--volume=${certs}:/certs:ro`,
        ]);
        expect(await applications(stage, settings(certs))).toEqual(live);
        expect(await receiptOf(replaying)).toMatchObject({
          loaded: 10,
          served: 10,
          missed: 0,
          liveCalls: 0,
        });
        expect(await replaying.stop()).toMatchObject({ status: 0 });
      }),
    180_000,
  );

  test(
    'docker stop amid traffic: whatever a client has read is in the cassette, and the take complete',
    () =>
      withStage(async (stage) => {
        const { tapes, mounts } = await folders(stage);
        const origin = await startOrigin(stage);
        const magneto = await startMagneto(stage, 'record', [...mounts, ...origin.trusted]);
        const read = await whileAsking(stage, async () => {
          expect(await magneto.stop()).toMatchObject({ status: 0 });
        });
        expect(await readdir(tapes)).toEqual(['default.json']);
        const urls = await recordedUrls(join(tapes, 'default.json'));
        expect(read.length).toBeGreaterThan(10);
        expect(read.filter((url) => !urls.has(url))).toEqual([]);
      }),
    120_000,
  );

  test(
    'a killed container: whatever a client has read is replayed from the unfinished take',
    () =>
      withStage(async (stage) => {
        const { tapes, mounts } = await folders(stage);
        const origin = await startOrigin(stage);
        const magneto = await startMagneto(stage, 'record', [...mounts, ...origin.trusted]);
        const read = await whileAsking(stage, async () => {
          await docker('kill', '--signal=KILL', magneto.name);
        });
        expect((await readdir(tapes)).some((file) => file.endsWith('.json'))).toBe(false);
        await magneto.remove();
        await origin.remove();
        const again = await startMagneto(stage, 'replay', mounts);
        expect(Number((await receiptOf(again))['loaded'])).toBeGreaterThanOrEqual(read.length);
        expect(read.length).toBeGreaterThan(10);
      }),
    120_000,
  );
});

/** Asks for one address after the other until that fails; gives those whose answers were read to the end. */
async function whileAsking(stage: Stage, act: () => Promise<void>): Promise<readonly string[]> {
  const script = `(async () => {
    for (let n = 0; ; n += 1) {
      const url = 'http://${originName}/' + n;
      const answer = await fetch(url);
      await answer.text();
      if (answer.status !== 200) throw new Error(answer.status);
      console.log(url);
    }
  })().catch(() => process.exit(0));`;
  const proxy = variables({ http_proxy: 'http://magneto:8888', NODE_USE_ENV_PROXY: '1' });
  const asking = client(stage, proxy, ['node', '--eval', script]);
  await sleep(1500);
  await act();
  return (await asking).stdout.split('\n').filter((line) => line !== '');
}

async function recordedUrls(file: string): Promise<ReadonlySet<string>> {
  const { interactions } = JSON.parse(await readFile(file, 'utf8')) as {
    interactions: readonly { request: { url: string } }[];
  };
  return new Set(interactions.map(({ request }) => request.url));
}
