import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { originName, startOrigin } from './origin.ts';
import type { Stage } from './stage.ts';
import { client, variables, withStage } from './stage.ts';
import { folders } from './story.ts';

/** Asks through a proxy; gives the status and the body. */
async function ask(stage: Stage, proxy: string): Promise<string> {
  const script = `fetch('http://${originName}/page')
    .then(async (answer) => console.log(answer.status, await answer.text()))`;
  const options = variables({ http_proxy: `http://${proxy}:8888`, NODE_USE_ENV_PROXY: '1' });
  return (await client(stage, options, ['node', '--eval', script])).stdout;
}

/** Records one answer, and ends the origin; gives the answer and the folder of the cassette. */
async function recordOne(stage: Stage): Promise<{ live: string; tapes: string }> {
  const { tapes, mounts } = await folders(stage, 1000);
  const origin = await startOrigin(stage);
  const options = [...mounts, '--health-interval=1s', '--env=MAGNETO_MODE=record'];
  const recorder = await stage.start('recorder', options, [images.explicit]);
  await recorder.healthy();
  const live = await ask(stage, 'recorder');
  expect(live).toMatch(/^200 .*"url":"\/page"/);
  await recorder.stop();
  await origin.remove();
  return { live, tapes };
}

describeWhere(engine, 'the recipes for continuous integration', () => {
  beforeAll(prepare, preparingMs);

  test(
    'a service that starts before the files of its job are there',
    () =>
      withStage(async (stage) => {
        const { live, tapes } = await recordOne(stage);
        const workspace = join(stage.folder, 'workspace');
        await mkdir(workspace);
        const settings = variables({
          MAGNETO_MODE: 'replay',
          MAGNETO_CASSETTE_WAIT: 'true',
          MAGNETO_CASSETTE_DIR: '/workspace/cassettes',
        });
        const options = [
          `--volume=${workspace}:/workspace:ro`,
          '--health-interval=1s',
          ...settings,
        ];
        const service = await stage.start('service', options, [images.explicit]);
        await service.healthy();
        expect(await ask(stage, 'service')).toMatch(/^\d+ .*CASSETTE_NOT_FOUND/s);
        await mkdir(join(workspace, 'cassettes'));
        await copyFile(join(tapes, 'default.json'), join(workspace, 'cassettes', 'default.json'));
        expect(await ask(stage, 'service')).toBe(live);
        // The one that came too early was missed, and a strict replay that missed says so.
        expect(await service.stop()).toMatchObject({ status: 3 });
      }),
    120_000,
  );

  test(
    'cassettes that travel in an image',
    () =>
      withStage(async (stage) => {
        const { live, tapes } = await recordOne(stage);
        const page = await readFile('docs/DOCKER.md', 'utf8');
        const recipe = /```dockerfile\n([^`]*)```/.exec(page)?.[1] ?? '';
        await mkdir(join(stage.folder, 'image/cassettes'), { recursive: true });
        const image = join(stage.folder, 'image');
        await copyFile(join(tapes, 'default.json'), join(image, 'cassettes/default.json'));
        await writeFile(
          join(image, 'Dockerfile'),
          recipe.replace('FROM magneto\n', `FROM ${images.explicit}\n`),
        );
        const tag = `${stage.network}-image`;
        await execa('docker', ['build', '--tag', tag, image], { env: { DOCKER_BUILDKIT: '0' } });
        const service = await stage.start('service', ['--health-interval=1s'], [tag]);
        try {
          await service.healthy();
          expect(await ask(stage, 'service')).toBe(live);
        } finally {
          await service.remove();
          await docker('rmi', tag);
        }
      }),
    120_000,
  );
});
