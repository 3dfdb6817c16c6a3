import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Via } from './client.ts';

const bundle = resolve('dist/magneto.cjs');

/** How a process is started: through other commands (`nsenter …`), with a verb and flags, in a folder. */
export interface Start {
  readonly through?: readonly string[];
  readonly args?: readonly string[];
  readonly cwd?: string;
}

/** What a process that ran to its end came to. */
export interface Ran {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real magneto in a process of its own, serving. */
export interface Child {
  readonly process: ChildProcess;
  readonly via: Via;
  readonly controlPort: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<Ran>;
  /** Asks it to end, and waits for that. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<Ran>;
  /** The parsed body of a page of the control port, and its status. */
  readonly control: (
    path: string,
  ) => Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
}

/** Starts the built process with these variables, and nothing else of our own environment but PATH. */
export function spawnMagneto(
  variables: Readonly<Record<string, string>>,
  { through = [], args = [], cwd }: Start = {},
): { readonly process: ChildProcess; readonly exited: Promise<Ran> } {
  const [command = process.execPath, ...rest] = [...through, process.execPath, bundle, ...args];
  const child = spawn(command, rest, {
    env: { PATH: process.env['PATH'] ?? '', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const exited = once(child, 'close').then(([status, signal]) => ({
    status: status as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  }));
  return { process: child, exited };
}

/** Runs the built process to its end. */
export async function runMagneto(
  variables: Readonly<Record<string, string>>,
  start: Start = {},
): Promise<Ran> {
  const { exited, process: child } = spawnMagneto(variables, start);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  const ran = await exited;
  clearTimeout(timer);
  return ran;
}

/** Starts the built process on free ports; resolves once `/health` says that it serves. */
export async function startMagneto(
  variables: Readonly<Record<string, string>> & { readonly MAGNETO_CERT_DIR: string },
  start: Start = {},
): Promise<Child> {
  const [proxyPort, controlPort] = [await freePort(), await freePort()];
  const { process: child, exited } = spawnMagneto(
    {
      MAGNETO_HOST: '127.0.0.1',
      MAGNETO_CONTROL_HOST: '127.0.0.1',
      MAGNETO_PORT: String(proxyPort),
      MAGNETO_CONTROL_PORT: String(controlPort),
      ...variables,
    },
    start,
  );
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
  const control: Child['control'] = async (path) => {
    const response = await fetch(`http://127.0.0.1:${controlPort}${path}`);
    const body = (await response.json()) as Readonly<Record<string, unknown>>;
    return { status: response.status, body };
  };
  await untilReady(control, exited);
  return {
    process: child,
    via: { proxyPort, caFile: join(variables.MAGNETO_CERT_DIR, 'ca.pem') },
    controlPort,
    stdout,
    stderr,
    exited,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
    control,
  };
}

async function untilReady(control: Child['control'], exited: Promise<Ran>): Promise<void> {
  const early = exited.then((ran) => {
    throw new Error(`magneto ended before it served (${ran.status}): ${ran.stderr}${ran.stdout}`);
  });
  early.catch(() => {});
  const deadline = performance.now() + 15_000;
  for (;;) {
    const health = await Promise.race([control('/health').catch(() => undefined), early]);
    if (health?.status === 200) return;
    if (performance.now() > deadline) throw new Error('magneto did not become ready in 15 s');
    await sleep(20);
  }
}

function collected(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** The lines of a text that are JSON objects, parsed. */
export function logLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

/** Below the ports that kernels give to whoever asks for any, so that nobody is given one of ours meanwhile. */
const [leastPort, mostPort] = [12_000, 32_000] as const;
const given = new Set<number>();

/** A port that nobody listens on, and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(leastPort, mostPort);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
