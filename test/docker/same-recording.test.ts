import { chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { engine, images, prepare, preparingMs } from './engine.ts';
import { startOrigin } from './origin.ts';
import type { Folders } from './story.ts';
import { applications, folders } from './story.ts';
import { variables, withStage } from './stage.ts';

/** What a cassette holds of exchanges: all but ids, times, and the names that only a sidecar is asked for. */
async function exchangesIn({ tapes }: Folders): Promise<readonly unknown[]> {
  const passing = ['id', 'startedAt', 'recordedAt', 'timing', 'atMs'];
  const cassette = JSON.parse(
    await readFile(join(tapes, 'default.json'), 'utf8'),
    (key, value: unknown) => (passing.includes(key) ? undefined : value),
  ) as { interactions: readonly { kind: string }[] };
  return cassette.interactions.filter(({ kind }) => kind !== 'dns');
}

describeWhere(engine, 'one run, recorded by a sidecar and by the proxy behind it', () => {
  beforeAll(prepare, preparingMs);

  test(
    'is the same in both cassettes but for times',
    () =>
      withStage(async (stage) => {
        const origin = await startOrigin(stage);
        const own = await folders(stage, 1000);
        const behind = join(stage.folder, 'behind');
        await mkdir(behind);
        await chown(behind, 1000, 1000);
        const proxys = await folders({ ...stage, folder: behind }, 1000);
        const record = ['--health-interval=1s', '--env=MAGNETO_MODE=record'];
        const proxy = await stage.start(
          'proxy',
          [...record, ...proxys.mounts, ...origin.trusted],
          [images.explicit],
        );
        await proxy.healthy();
        const sidecar = await stage.start(
          'sidecar',
          [
            ...record,
            ...own.mounts,
            '--cap-add=NET_ADMIN',
            `--volume=${proxys.certs}/ca.pem:/proxy-ca.pem:ro`,
            ...variables({
              MAGNETO_UPSTREAM_PROXY: 'http://proxy:8888',
              MAGNETO_UPSTREAM_CA: '/proxy-ca.pem',
            }),
          ],
          [images.transparent],
        );
        await sidecar.healthy();
        const ran = await applications(stage, [
          `--network=container:${sidecar.name}`,
          `--volume=${own.certs}:/certs:ro`,
          ...variables({
            REQUESTS_CA_BUNDLE: '/certs/ca.pem',
            NODE_EXTRA_CA_CERTS: '/certs/ca.pem',
          }),
        ]);
        expect(ran.map(({ status, stderr }) => [status, stderr])).toEqual([
          [0, ''],
          [0, ''],
        ]);
        expect(await sidecar.stop()).toMatchObject({ status: 0 });
        expect(await proxy.stop()).toMatchObject({ status: 0 });
        const [seen, told] = [await exchangesIn(own), await exchangesIn(proxys)];
        expect(seen).toHaveLength(10);
        expect(seen).toEqual(told);
      }),
    120_000,
  );
});
