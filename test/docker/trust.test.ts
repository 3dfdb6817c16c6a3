import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../skip.ts';
import { docker, engine, images, prepare, preparingMs } from './engine.ts';
import { startOrigin } from './origin.ts';
import type { Container, Stage } from './stage.ts';
import { client, withStage } from './stage.ts';
import { bases, folders } from './story.ts';

const capabilities = ['NET_ADMIN', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`);
const strict = ['--cap-drop=ALL', ...capabilities, '--read-only', '--health-interval=1s'] as const;

/** A stage, and a volume of the engine's, as compose makes it, for the kit alone. */
async function withVolume(body: (stage: Stage, volume: string) => Promise<void>): Promise<void> {
  const volume = `magneto-test-trust-${randomBytes(4).toString('hex')}`;
  try {
    await withStage((stage) => body(stage, volume));
  } finally {
    await docker('volume', 'rm', '--force', volume);
  }
}

/** What an application beside a sidecar is given of the kit: the volume, and its variables. */
async function trusting(
  stage: Stage,
  sidecar: Container,
  volume: string,
): Promise<readonly string[]> {
  const file = join(stage.folder, 'magneto.env');
  await docker('cp', '--quiet', `${sidecar.name}:/trust/magneto.env`, file);
  const network = `--network=container:${sidecar.name}`;
  return [network, `--volume=${volume}:/trust:ro`, `--env-file=${file}`];
}

describeWhere(engine, 'the trust kit of a sidecar', () => {
  beforeAll(prepare, preparingMs);

  test(
    'is there when it is healthy, and is all that Python, Node and Java need',
    () =>
      withVolume(async (stage, volume) => {
        const { mounts } = await folders(stage, 1000);
        const origin = await startOrigin(stage);
        const options = [...strict, ...mounts, ...origin.trusted, `--volume=${volume}:/trust`];
        const sidecar = await stage.start('magneto', options, [images.transparent]);
        await sidecar.healthy();
        const told = await trusting(stage, sidecar, volume);
        const java = join(stage.folder, 'java');
        await mkdir(java);
        const source = resolve('test/docker/apps/HttpClientApp.java');
        await execa('sh', ['-c', 'javac --release 17 -d "$1" "$2"', 'sh', java, source]);
        const said = [
          await client(stage, told, ['python3', '/apps/requests-client.py', ...bases]),
          await client(stage, told, ['node', '/apps/fetch-client.ts', ...bases]),
          await client(
            stage,
            [...told, `--volume=${java}:/java:ro`],
            ['java', '-cp', '/java', 'HttpClientApp', ...bases],
          ),
        ];
        expect(said.map(({ status }) => status)).toEqual([0, 0, 0]);
      }),
    240_000,
  );

  test(
    'is for every user to read, and for its own to write; its script makes a container trust it',
    () =>
      withVolume(async (stage, volume) => {
        const { mounts } = await folders(stage, 1000);
        const options = [...strict, ...mounts, `--volume=${volume}:/trust`];
        const sidecar = await stage.start('magneto', options, [images.transparent]);
        await sidecar.healthy();
        const beside = [`--network=container:${sidecar.name}`, `--volume=${volume}:/trust:ro`];
        const read = await client(
          stage,
          [...beside, '--user=4711:4711'],
          ['sh', '-c', 'cat /trust/* >/dev/null && stat -c "%u:%g %a" /trust/bundle.pem'],
        );
        expect(read.stdout).toBe('1000:1000 644');
        const ask = `import urllib.request as u
u.install_opener(u.build_opener(u.ProxyHandler({'https': 'http://127.0.0.1:8888'})))
u.urlopen('https://magneto.local/ca.pem')`;
        const script = `python3 -c "$1" 2>/dev/null && exit 9
            sh /trust/install-ca.sh && python3 -c "$1"`;
        const installed = await client(stage, beside, ['sh', '-c', script, 'sh', ask]);
        expect(installed).toMatchObject({ status: 0 });
      }),
    120_000,
  );

  test(
    'that cannot be written is told before anything is served',
    () =>
      withStage(async (stage) => {
        const folder = join(stage.folder, 'taken');
        await mkdir(folder);
        await writeFile(join(folder, 'mine'), '');
        const options = [
          '--user=1000',
          `--volume=${folder}:/trust`,
          '--env=MAGNETO_MODE=passthrough',
        ];
        const { status, stderr } = await stage.run(options, [images.explicit]);
        const user = await stat(folder);
        expect({ status, stderr }).toEqual({
          status: 2,
          stderr: expect.stringMatching(
            new RegExp(
              `^magneto: TRUST_UNWRITABLE: /trust: EACCES, /trust belongs to ${user.uid}:`,
            ),
          ),
        });
        expect(await readdir(folder)).toEqual(['mine']);
      }),
    60_000,
  );
});
