import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { engine, images, prepare, preparingMs } from './engine.ts';
import type { Container, Stage } from './stage.ts';
import { client, variables, withStage } from './stage.ts';
import { folders } from './story.ts';

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks the control plane to quit, from a container. */
async function quit(
  stage: Stage,
  host: string,
  options: readonly string[] = [],
): Promise<Answered> {
  const script = `fetch('http://${host}:8889/quit', {
      method: 'POST',
      headers: process.env.TOKEN ? { authorization: 'Bearer ' + process.env.TOKEN } : {},
    }).then(async (answer) =>
      console.log(JSON.stringify({ status: answer.status, body: await answer.json() })))`;
  const { stdout, stderr } = await client(stage, options, ['node', '--eval', script]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Answered;
}

/** The exit status of a container that ends of its own accord. */
async function exitStatus({ inspect }: Container): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const [running, status] = (await inspect('{{.State.Running}} {{.State.ExitCode}}')).split(' ');
    if (running === 'false') return Number(status);
    await sleep(100);
  }
  throw new Error('it goes on');
}

describeWhere(engine, 'POST /quit in containers', () => {
  beforeAll(prepare, preparingMs);

  test(
    'over a network, with the token of a secret: the status of the container is that of the answer',
    () =>
      withStage(async (stage) => {
        const { mounts } = await folders(stage, 1000);
        const secret = join(stage.folder, 'token');
        await writeFile(secret, 'let-me-in\n', { mode: 0o644 });
        const settings = variables({
          MAGNETO_MODE: 'replay',
          MAGNETO_CASSETTE_WAIT: 'true',
          MAGNETO_CONTROL_TOKEN_FILE: '/run/secrets/token',
        });
        const volume = `--volume=${secret}:/run/secrets/token:ro`;
        const options = [...mounts, '--health-interval=1s', volume, ...settings];
        const magneto = await stage.start('magneto', options, [images.explicit]);
        await magneto.healthy();
        const proxied = variables({ http_proxy: 'http://magneto:8888', NODE_USE_ENV_PROXY: '1' });
        const missed = await client(stage, proxied, ['node', '--eval', "fetch('http://x.test/')"]);
        expect(missed.status).toBe(0);

        expect(await quit(stage, 'magneto')).toMatchObject({
          status: 401,
          body: { code: 'CONTROL_TOKEN_WRONG' },
        });
        const ended = await quit(stage, 'magneto', variables({ TOKEN: 'let-me-in' }));
        expect(ended).toMatchObject({
          status: 200,
          body: { exitStatus: 3, receipt: { missed: 1, inventory: { omitted: 0 } } },
        });
        expect(await exitStatus(magneto)).toBe(3);
      }),
    120_000,
  );

  test(
    'beside a sidecar: on its loopback without a token, from elsewhere not',
    () =>
      withStage(async (stage) => {
        const { mounts } = await folders(stage, 1000);
        const caps = ['NET_ADMIN', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`);
        const options = [
          ...mounts,
          '--cap-drop=ALL',
          ...caps,
          '--health-interval=1s',
          '--env=MAGNETO_MODE=record',
        ];
        const sidecar = await stage.start('sidecar', options, [images.transparent]);
        await sidecar.healthy();
        expect(await quit(stage, 'sidecar')).toMatchObject({
          status: 403,
          body: { code: 'CONTROL_TOKEN_UNSET' },
        });
        const beside = [`--network=container:${sidecar.name}`];
        expect(await quit(stage, '127.0.0.1', beside)).toMatchObject({
          status: 200,
          body: { exitStatus: 0, receipt: { mode: 'record', unfinished: false } },
        });
        // The entrypoint takes it for an ending in order, and starts nothing again.
        expect(await exitStatus(sidecar)).toBe(0);
      }),
    120_000,
  );
});
