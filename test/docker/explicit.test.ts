import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { startOrigin } from './origin.ts';
import type { Container, Stage } from './stage.ts';
import { variables, withStage } from './stage.ts';
import { applications, folders, receiptOf, recordedUrls, whileAsking } from './story.ts';

const image = images.explicit;
const strict = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'] as const;
const owner = 1000;

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

describeWhere(engine, 'an explicit proxy in a container', () => {
  beforeAll(prepare, preparingMs);

  test(
    'records applications in containers, and replays them when the origin is gone',
    () =>
      withStage(async (stage) => {
        const { tapes, certs, mounts } = await folders(stage, owner);
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
        const { tapes, certs, mounts } = await folders(stage, owner);
        const origin = await startOrigin(stage);
        const magneto = await startMagneto(stage, 'record', [...mounts, ...origin.trusted]);
        const read = await whileAsking(stage, settings(certs), async () => {
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
        const { tapes, certs, mounts } = await folders(stage, owner);
        const origin = await startOrigin(stage);
        const magneto = await startMagneto(stage, 'record', [...mounts, ...origin.trusted]);
        const read = await whileAsking(stage, settings(certs), async () => {
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
