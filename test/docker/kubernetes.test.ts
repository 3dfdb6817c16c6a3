import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { describeWhere } from '../skip.ts';
import { engine, images, prepare, preparingMs } from './engine.ts';
import { startOrigin } from './origin.ts';
import type { Pod, PodContainer } from './pod.ts';
import { groupVolumes, removeVolumes, runPod } from './pod.ts';
import type { Ended, Stage } from './stage.ts';
import { apps, client, variables, withStage } from './stage.ts';
import { bases, folders } from './story.ts';

/** The pod of a manifest, its variables as a user would change them. */
function podOf(file: string, changed: Readonly<Record<string, string>>): Pod {
  const text = readFileSync(`deploy/kubernetes/${file}`, 'utf8');
  const manifest = parse(text, { version: '1.1' }) as { spec: { template: { spec: Pod } } };
  const pod = manifest.spec.template.spec;
  const settings = Object.entries(changed).map(([name, value]) => ({ name, value }));
  const known = new Set(Object.keys(changed));
  const withChanges = (container: PodContainer): PodContainer => ({
    ...container,
    ...(container.name.startsWith('magneto') && {
      env: [...(container.env ?? []).filter(({ name }) => !known.has(name)), ...settings],
    }),
  });
  return { ...pod, initContainers: (pod.initContainers ?? []).map(withChanges) };
}

const [plain, secure] = bases;

/** Records an application by a sidecar, and gives the folder of the cassette. */
async function record(stage: Stage): Promise<string> {
  const own = await folders(stage, 1000);
  const origin = await startOrigin(stage);
  const capabilities = ['NET_ADMIN', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`);
  const settings = variables({ MAGNETO_MODE: 'record', MAGNETO_CASSETTE_NAME: 'tests' });
  const options = ['--cap-drop=ALL', ...capabilities, '--health-interval=1s', ...settings];
  const sidecar = await stage.start(
    'recorder',
    [...options, ...own.mounts, ...origin.trusted],
    [images.transparent],
  );
  await sidecar.healthy();
  const network = `--network=container:${sidecar.name}`;
  const trust = [`--volume=${own.certs}:/certs:ro`, '--env=NODE_EXTRA_CA_CERTS=/certs/ca.pem'];
  const asked = await client(stage, [network, ...trust], ['node', '/apps/fetch-client.ts', secure]);
  expect(asked).toMatchObject({ status: 0, stderr: '' });
  expect((await sidecar.stop()).status).toBe(0);
  await sidecar.remove();
  await origin.remove();
  return own.tapes;
}

/** Runs the job's own words, in which the tests ask some servers. */
async function runJob(stage: Stage, cassettes: string, servers: readonly string[]): Promise<Ended> {
  const pod = podOf('job.yaml', { MAGNETO_CASSETTE_NAME: 'tests' });
  const [script = ''] = pod.containers[0]?.args ?? [];
  const tests = `node /apps/fetch-client.ts ${servers.join(' ')}`;
  const made = await groupVolumes(stage, images.transparent, ['certs', 'trust']);
  try {
    return await runPod(stage, {
      pod,
      imageOf: ({ name }) => (name.startsWith('magneto') ? images.transparent : images.clients),
      volumes: { ...made, cassettes },
      mounts: apps,
      words: ['sh', '-c', script.replace('npm test', tests)],
    });
  } finally {
    await removeVolumes(made);
  }
}

describeWhere(engine, 'the pods of deploy/kubernetes', () => {
  beforeAll(prepare, preparingMs);

  test(
    'a job whose servers are replayed ends well, with a receipt',
    () =>
      withStage(async (stage) => {
        const ended = await runJob(stage, await record(stage), [secure]);
        expect(ended).toMatchObject({ status: 0, stdout: expect.stringMatching(/missed: 0/) });
        expect(ended.stdout).toMatch(/liveCalls: 0/);
      }),
    120_000,
  );

  test(
    'a job that asks for what was not recorded fails with status 3',
    () =>
      withStage(async (stage) => {
        const ended = await runJob(stage, await record(stage), [secure, plain]);
        expect(ended).toMatchObject({ status: 3, stdout: expect.stringMatching(/missed: 2/) });
      }),
    120_000,
  );
});
