import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { describeWhere } from '../../skip.ts';
import { docker, engine, images, prepare, preparingMs } from '../engine.ts';
import { makeCertificates, originName } from '../origin.ts';
import type { Container, Stage } from '../stage.ts';
import { variables, withStage } from '../stage.ts';
import { receiptOf } from '../story.ts';
import type { Outcome } from './page.ts';
import { runtimesPage, withoutVersions } from './page.ts';

const page = 'docs/runtimes.md';
const form = process.env['CI'] === 'true' ? 'light' : 'heavy';
const runtimesImage = `magneto-test-runtimes:${form}`;
const buildingMs = 600_000;
const askingMs = 300_000;
const alone = ['--network=none'] as const;
const volumes = ['cassettes', 'certs', 'trust'] as const;

interface Ran {
  readonly name: string;
  readonly version?: string;
  readonly status: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Every runtime once, beside a sidecar; `told` is what of the kit they are given. */
async function askAll(
  stage: Stage,
  sidecar: Container,
  told: 'nothing' | 'alone' | 'all',
): Promise<readonly Ran[]> {
  const options = [
    `--network=container:${sidecar.name}`,
    `--volume=${stage.network}-trust:/trust:ro`,
    `--volume=${resolve('test/docker/runtimes')}:/matrix:ro`,
  ];
  const command = [runtimesImage, 'node', '/matrix/ask-all.ts', form, told];
  const asking = await stage.start(`asking-${told}`, options, command);
  await execa('docker', ['wait', asking.name], { timeout: askingMs });
  const said = await docker('logs', asking.name);
  await asking.remove();
  return JSON.parse(said) as readonly Ran[];
}

async function startRuntimesOrigin(stage: Stage): Promise<Container> {
  const pki = `${stage.folder}/pki`;
  await makeCertificates(pki);
  const mounts = [
    `--volume=${pki}:/pki:ro`,
    `--volume=${resolve('test/docker/runtimes/origin.ts')}:/origin.ts:ro`,
  ];
  const origin = await stage.start(originName, mounts, [runtimesImage, 'node', '/origin.ts']);
  await origin.exec('curl', '-sk', '--retry-connrefused', '--retry', '9', 'https://localhost/');
  return origin;
}

/** A sidecar with volumes that outlive it; `/trust` is all of them that the runtimes get. */
async function startSidecar(
  stage: Stage,
  mode: 'record' | 'replay',
  options: readonly string[],
): Promise<Container> {
  const rights = ['NET_ADMIN', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`);
  const kept = volumes.map((name) => `--volume=${stage.network}-${name}:/${name}`);
  const all = ['--cap-drop=ALL', ...rights, ...kept, '--health-interval=1s'];
  const settings = variables({ MAGNETO_MODE: mode });
  const image = [images.transparent];
  const sidecar = await stage.start(mode, [...all, ...settings, ...options], image);
  await sidecar.healthy();
  return sidecar;
}

/** What a runtime printed, where it came through. */
function answers(rows: readonly Ran[]): readonly unknown[] {
  return rows.map(({ name, status, stdout }) => ({ name, status, stdout }));
}

function outcomesOf(
  untold: readonly Ran[],
  live: readonly Ran[],
  offline: readonly Ran[],
): readonly Outcome[] {
  return live.map(({ name, version, status, stdout }, index) => ({
    name,
    version,
    refused: untold[index]?.status !== 0,
    recorded: status === 0 && stdout !== '',
    replayed: offline[index]?.status === 0 && offline[index].stdout === stdout,
  }));
}

async function checkPage(outcomes: readonly Outcome[]): Promise<void> {
  const committed = await readFile(page, 'utf8').catch(() => '');
  const written = runtimesPage(outcomes, committed);
  if (process.env['MAGNETO_WRITE_RUNTIMES'] === 'yes') await writeFile(page, written);
  else expect(withoutVersions(committed)).toBe(withoutVersions(written));
}

describeWhere(engine, 'runtimes that have not heard of magneto', () => {
  beforeAll(async () => {
    await prepare();
    await execa('sh', ['test/docker/runtimes/prepare.sh', form, runtimesImage]);
  }, preparingMs + buildingMs);

  test(
    'each is recorded, and replayed without a network, told of nothing but whom to trust',
    () =>
      withStage(async (stage) => {
        try {
          const origin = await startRuntimesOrigin(stage);
          const authority = `--volume=${stage.folder}/pki/ca.pem:/origin-ca.pem:ro`;
          const trusting = [authority, '--env=MAGNETO_UPSTREAM_CA=/origin-ca.pem'];
          const recorder = await startSidecar(stage, 'record', trusting);
          const live = await askAll(stage, recorder, 'all');
          expect(live.filter(({ status }) => status !== 0)).toEqual([]);
          expect(await recorder.stop()).toMatchObject({ status: 0 });
          await origin.remove();

          const replayer = await startSidecar(stage, 'replay', alone);
          const untold = await askAll(stage, replayer, 'nothing');
          expect(untold.filter(({ status }) => status === 0)).toEqual([]);
          const offline = await askAll(stage, replayer, 'alone');
          expect(answers(offline)).toEqual(answers(live));
          expect(await receiptOf(replayer)).toMatchObject({ missed: 0, liveCalls: 0 });
          await replayer.stop();
          await checkPage(outcomesOf(untold, live, offline));
        } finally {
          await removeVolumes(stage);
        }
      }),
    3 * askingMs,
  );
});

/** They cannot go before the containers that use them, which would go only with the stage. */
async function removeVolumes(stage: Stage): Promise<void> {
  const containers = ['record', 'replay'].map((name) => `${stage.network}-${name}`);
  await execa('docker', ['rm', '--force', '--volumes', ...containers], { reject: false });
  const named = volumes.map((name) => `${stage.network}-${name}`);
  await execa('docker', ['volume', 'rm', ...named], { reject: false });
}
