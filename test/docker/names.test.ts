import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import type { Container, Ended, Stage } from './stage.ts';
import { client, variables, withStage } from './stage.ts';
import { folders } from './story.ts';

const strict = [
  '--cap-drop=ALL',
  ...['NET_ADMIN', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`),
  '--read-only',
  '--health-interval=1s',
] as const;

/** What names lead to, asked of the resolver that Docker puts into each container. */
async function resolved(
  stage: Stage,
  sidecar: Container,
  names: readonly string[],
): Promise<string> {
  const script = `
    const { lookup, getServers } = require('node:dns').promises;
    (async () => {
      console.log(getServers().join());
      for (const name of process.argv.slice(1)) {
        console.log(name, await lookup(name, 4).then((it) => it.address, (error) => error.code));
      }
    })();`;
  const words = ['node', '--eval', script, ...names];
  const ended: Ended = await client(stage, [`--network=container:${sidecar.name}`], words);
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  return ended.stdout;
}

describeWhere(engine, 'names beside the resolver of Docker', () => {
  beforeAll(prepare, preparingMs);

  test(
    'of services, containers and nobody resolve as ever, and are replayed when all that is gone',
    () =>
      withStage(async (stage) => {
        const { tapes, mounts } = await folders(stage, 1000);
        const start = async (mode: string, options: readonly string[]): Promise<Container> => {
          const env = variables({ MAGNETO_MODE: mode, MAGNETO_CASSETTE_NAME: 'names' });
          const all = [...strict, ...mounts, ...env, ...options];
          const sidecar = await stage.start('magneto', all, [images.transparent]);
          await sidecar.healthy();
          return sidecar;
        };
        const web = await stage.start('web', [], [images.clients, 'sleep', 'infinity']);
        const address = await web.inspect(
          '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
        );
        const names = ['web', web.name, 'nobody.invalid'];

        const recording = await start('record', []);
        const told = await resolved(stage, recording, names);
        expect(told.split('\n')).toEqual([
          '127.0.0.11',
          `web ${address}`,
          `${web.name} ${address}`,
          // Which of the two depends on whom the engine itself can ask.
          expect.stringMatching(/^nobody\.invalid (ENOTFOUND|EAI_AGAIN)$/),
        ]);
        await recording.stop();
        await recording.remove();
        const text = await readFile(join(tapes, 'names.json'), 'utf8');
        expect(text).toContain(`"data": "${address}"`);

        await docker('rm', '--force', web.name);
        const replaying = await start('replay', []);
        expect(await resolved(stage, replaying, names)).toBe(told);
        const { status } = await replaying.stop();
        expect(status).toBe(0);
      }),
    120_000,
  );
});
