import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { docker, images } from './engine.ts';

/** What a command in a container said and how it ended. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container that runs on its own. */
export interface Container {
  /** Its name for the engine; on the stage's network it answers to the name it was given. */
  readonly name: string;
  /** Resolves when its health check says healthy; rejects with its log where it ends or never does. */
  readonly healthy: () => Promise<void>;
  readonly exec: (...words: readonly string[]) => Promise<Ended>;
  readonly logs: () => Promise<string>;
  readonly inspect: (format: string) => Promise<string>;
  /** `docker stop`; gives the exit status and how long it took. */
  readonly stop: () => Promise<{ readonly status: number; readonly ms: number }>;
  readonly remove: () => Promise<void>;
}

/** A network with its containers, and a folder to mount from; all of it gone when the test is over. */
export interface Stage {
  readonly folder: string;
  readonly network: string;
  /** `options` are those of `docker run`; `words` the image and what comes behind it. */
  readonly start: (
    name: string,
    options: readonly string[],
    words: readonly string[],
  ) => Promise<Container>;
  /** Runs a container to its end. */
  readonly run: (options: readonly string[], words: readonly string[]) => Promise<Ended>;
}

const healthyWithinMs = 30_000;
const endsWithinMs = 60_000;

/** Runs a test on a stage of its own. */
export async function withStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const network = `magneto-test-${randomBytes(4).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), `${network}-`));
  const started: Container[] = [];
  await docker('network', 'create', network);
  try {
    await body({
      folder,
      network,
      start: async (name, options, words) => {
        const full = `${network}-${name}`;
        const own = options.some((word) => word.startsWith('--network='))
          ? []
          : [`--network=${network}`, `--network-alias=${name}`];
        await docker('run', '--detach', `--name=${full}`, ...own, ...options, ...words);
        const container = containerOf(full);
        started.push(container);
        return container;
      },
      run: (options, words) => run(`--network=${network}`, options, words),
    });
  } finally {
    // The last first: one that lives in another's network has to go before it.
    for (const container of started.toReversed()) await container.remove();
    await docker('network', 'rm', network);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The options that mount the applications of the tests, with the one library that they use. */
export const apps: readonly string[] = [
  `--volume=${resolve('test/docker/apps')}:/apps:ro`,
  `--volume=${resolve('node_modules/ws')}:/node_modules/ws:ro`,
];

/** Runs a command in a container of the clients' image, apps mounted. */
export function client(
  stage: Stage,
  options: readonly string[],
  words: readonly string[],
): Promise<Ended> {
  return stage.run([...apps, ...options], [images.clients, ...words]);
}

/** Variables as options of `docker run`. */
export function variables(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--env=${name}=${value}`);
}

async function run(
  network: string,
  options: readonly string[],
  words: readonly string[],
): Promise<Ended> {
  const own = options.some((word) => word.startsWith('--network=')) ? [] : [network];
  return ended(['run', '--rm', ...own, ...options, ...words]);
}

async function ended(words: readonly string[]): Promise<Ended> {
  const options = { reject: false, timeout: endsWithinMs } as const;
  const { exitCode, stdout, stderr } = await execa('docker', words, options);
  return { status: exitCode ?? -1, stdout, stderr };
}

function containerOf(name: string): Container {
  const inspect = (format: string): Promise<string> => docker('inspect', '--format', format, name);
  const logs = async (): Promise<string> => {
    const { all } = await execa('docker', ['logs', name], { all: true, reject: false });
    return all;
  };
  return {
    name,
    inspect,
    logs,
    exec: (...words) => ended(['exec', name, ...words]),
    healthy: () => becomeHealthy(name, { inspect, logs }),
    stop: async () => {
      const from = performance.now();
      await docker('stop', name);
      const ms = performance.now() - from;
      return { status: Number(await inspect('{{.State.ExitCode}}')), ms };
    },
    remove: async () => {
      await execa('docker', ['rm', '--force', '--volumes', name], { reject: false });
    },
  };
}

async function becomeHealthy(
  name: string,
  { inspect, logs }: Pick<Container, 'inspect' | 'logs'>,
): Promise<void> {
  const until = performance.now() + healthyWithinMs;
  while (performance.now() < until) {
    const [running, health] = (
      await inspect('{{.State.Running}} {{if .State.Health}}{{.State.Health.Status}}{{end}}')
    ).split(' ');
    if (health === 'healthy') return;
    if (running !== 'true') break;
    await sleep(100);
  }
  throw new Error(`${name} never became healthy:\n${await logs()}`);
}
