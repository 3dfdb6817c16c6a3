import { chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { originName, startOrigin } from './origin.ts';
import type { Stage } from './stage.ts';
import { withStage } from './stage.ts';

const profiles = ['explicit', 'transparent', 'integration', 'record', 'auto'] as const;

/** A project made of the example, on the network of a stage, beside a folder of cassettes. */
interface Project {
  readonly compose: (...words: readonly string[]) => Promise<{
    readonly exitCode?: number | undefined;
    readonly all: string;
  }>;
  readonly tapes: string;
}

/** What the test adds: the stage's network, where the origin is, and whom magneto is to trust there. */
function additions(stage: Stage): string {
  const magnetos = ['proxy', 'sidecar', 'service-sidecar', 'recorder', 'dev'];
  const services = magnetos.map((name) => [
    name,
    {
      environment: { MAGNETO_UPSTREAM_CA: '/origin-ca.pem' },
      volumes: [`${stage.folder}/pki/ca.pem:/origin-ca.pem:ro`],
    },
  ]);
  return JSON.stringify({
    services: Object.fromEntries(services),
    networks: { default: { name: stage.network, external: true } },
  });
}

async function withProject(stage: Stage, body: (project: Project) => Promise<void>): Promise<void> {
  const tapes = join(stage.folder, 'cassettes');
  await mkdir(tapes);
  await chown(tapes, 1000, 1000);
  const more = join(stage.folder, 'more.json');
  await writeFile(more, additions(stage));
  const files = ['--file', resolve('docker-compose.example.yml'), '--file', more];
  const place = ['--project-directory', stage.folder, '--project-name', stage.network];
  const env = {
    MAGNETO_IMAGE: images.explicit,
    MAGNETO_TRANSPARENT_IMAGE: images.transparent,
    APP_ASKS: `https://${originName}/page`,
  };
  const compose: Project['compose'] = (...words) => {
    const options = { env, reject: false, all: true, timeout: 90_000 } as const;
    return execa('docker-compose', [...files, ...place, ...words], options);
  };
  try {
    await body({ compose, tapes });
  } finally {
    const all = profiles.flatMap((profile) => ['--profile', profile]);
    await compose(...all, 'down', '--volumes', '--timeout', '9');
  }
}

describeWhere(engine, 'docker-compose.example.yml', () => {
  beforeAll(prepare, preparingMs);

  test.each(profiles)('is valid with the profile %s', async (profile) => {
    const file = ['--file', 'docker-compose.example.yml', '--profile', profile];
    const { stdout } = await execa('docker-compose', [...file, 'config', '--services']);
    expect(stdout.split('\n').length).toBeGreaterThan(0);
  });

  test.each([
    { profile: 'explicit', app: 'app-explicit', cassette: 'explicit' },
    { profile: 'transparent', app: 'app-transparent', cassette: 'transparent' },
    { profile: 'integration', app: 'tests', cassette: 'integration' },
  ])(
    '$profile: up twice, the second time without the origin',
    ({ profile, app, cassette }) =>
      withStage(async (stage) => {
        const origin = await startOrigin(stage);
        await withProject(stage, async ({ compose, tapes }) => {
          const up = ['--profile', profile, 'up', '--no-color', '--exit-code-from', app];
          const first = await compose(...up);
          const answer = answerIn(first.all);
          expect({ exitCode: first.exitCode, answer, all: first.all }).toMatchObject({
            exitCode: 0,
            answer: expect.stringContaining('"url":"/page"'),
          });
          expect(await readdir(tapes)).toEqual([`${cassette}.json`]);
          await origin.remove();
          const second = await compose(...up);
          expect({ exitCode: second.exitCode, answer: answerIn(second.all) }).toEqual({
            exitCode: 0,
            answer,
          });
        });
      }),
    180_000,
  );

  test(
    'record: each time anew',
    () =>
      withStage(async (stage) => {
        await startOrigin(stage);
        await withProject(stage, async ({ compose, tapes }) => {
          const up = ['--profile', 'record', 'up', '--no-color', '--exit-code-from', 'app-record'];
          const [first, second] = [await compose(...up), await compose(...up)];
          expect(answerIn(first.all)).toContain('"url":"/page"');
          expect(answerIn(second.all)).toContain('"url":"/page"');
          expect(answerIn(second.all)).not.toBe(answerIn(first.all));
          expect(await readdir(tapes)).toEqual(['recorded.json']);
        });
      }),
    180_000,
  );

  test(
    'auto: healthy, and published on loopback only',
    () =>
      withStage(async (stage) => {
        await startOrigin(stage);
        await withProject(stage, async ({ compose }) => {
          expect((await compose('--profile', 'auto', 'up', '--detach')).exitCode).toBe(0);
          const name = `${stage.network}_dev_1`;
          const ports = await docker('port', name);
          expect(ports.split('\n').every((line) => line.includes('-> 127.0.0.1:'))).toBe(true);
        });
      }),
    90_000,
  );
});

/** What the application printed of the answer. */
function answerIn(output: string): string | undefined {
  return /200 \{.*\}/.exec(output)?.[0];
}
