import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { watched } from './running.ts';

/** What `GET /receipt` says, as far as the demo needs it. */
export type Receipt = Readonly<Record<string, string | number | boolean | null>>;

/** The built appliance, running as a process of its own. */
export interface Appliance {
  readonly proxyUrl: string;
  /** The certificate that clients have to trust. */
  readonly caFile: string;
  readonly receipt: () => Promise<Receipt>;
  /** Connections that it tried to open although it must not. */
  readonly attempts: () => number;
  /** Whether a process under the same seal fails to reach even a port that listens. */
  readonly sealHolds: () => Promise<boolean>;
  /** Ends it as a container would (SIGTERM); gives the exit status. */
  readonly stop: () => Promise<number | undefined>;
}

/** What an appliance is started with. */
export interface Start {
  readonly mode: 'record' | 'replay';
  /** Where cassettes, certificates and the log go. */
  readonly folder: string;
  /** The origin's private authority. */
  readonly upstreamCa: string;
  /** Whether no connection may leave the process. */
  readonly sealed: boolean;
  /** What it is run by, as words before its own, where connections are led to it unasked. */
  readonly captureAs?: readonly string[];
}

const guard = new URL('./refuse-outgoing.ts', import.meta.url).href;
/** Where the rules lead what they capture. */
export const capturePort = 8888;

/** The built magneto, a script. */
export const bundle = join(import.meta.dirname, '../dist/magneto.cjs');

/** Starts the appliance and waits until it says that it is ready. */
export async function startAppliance(start: Start): Promise<Appliance> {
  const { mode, folder, upstreamCa, sealed, captureAs } = start;
  const port = captureAs === undefined ? await freePort() : capturePort;
  const controlPort = await freePort();
  const log = join(folder, `${mode}.log`);
  const attempts = join(folder, 'attempts');
  const command = [process.execPath, ...(sealed ? ['--import', guard] : []), bundle];
  const [file = '', ...args] = [...(captureAs ?? []), ...command];
  const child = watched(
    execa(file, args, {
      cwd: folder,
      extendEnv: false,
      env: {
        ...cleanEnvironment(),
        DEMO_ATTEMPTS: attempts,
        MAGNETO_MODE: mode,
        MAGNETO_TRANSPARENT: String(captureAs !== undefined),
        MAGNETO_CASSETTE_NAME: 'demo',
        MAGNETO_CASSETTE_DIR: folder,
        MAGNETO_CERT_DIR: join(folder, 'certs'),
        MAGNETO_UPSTREAM_CA: upstreamCa,
        MAGNETO_HOST: '127.0.0.1',
        MAGNETO_PORT: String(port),
        MAGNETO_CONTROL_HOST: '127.0.0.1',
        MAGNETO_CONTROL_PORT: String(controlPort),
      },
      stdin: 'ignore',
      stdout: { file: log, append: true },
      stderr: { file: log, append: true },
      buffer: false,
      reject: false,
    }),
  );
  const control = `http://127.0.0.1:${controlPort}`;
  await ready(control, { ended: child, log });
  return {
    proxyUrl: `http://127.0.0.1:${port}`,
    caFile: join(folder, 'certs/ca.pem'),
    receipt: async () => (await (await fetch(`${control}/receipt`)).json()) as Receipt,
    attempts: () =>
      existsSync(attempts) ? readFileSync(attempts, 'utf8').split('\n').length - 1 : 0,
    sealHolds: () => isSealed(controlPort),
    async stop() {
      child.kill('SIGTERM');
      return (await child).exitCode;
    },
  };
}

const readyWithinMs = 15_000;

async function ready(
  control: string,
  process_: { readonly ended: Promise<unknown>; readonly log: string },
): Promise<void> {
  const died = process_.ended.then(() => 'died' as const);
  const deadline = Date.now() + readyWithinMs;
  while (Date.now() < deadline) {
    const asked = fetch(`${control}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    const state = await Promise.race([asked, died]);
    if (state === true) return;
    if (state === 'died') break;
    await sleep(50);
  }
  throw new Error(`the appliance did not start:\n${readFileSync(process_.log, 'utf8')}`);
}

async function isSealed(port: number): Promise<boolean> {
  const dial = `require('node:net').connect(${port}, '127.0.0.1')
    .on('connect', () => process.exit(1)).on('error', () => process.exit(0));`;
  const probe = await execa(process.execPath, ['--import', guard, '--eval', dial], {
    extendEnv: false,
    env: cleanEnvironment(),
    reject: false,
  });
  return probe.exitCode === 0;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The environment without what would steer an appliance, a client or a Node in some other way. */
export function cleanEnvironment(): Record<string, string> {
  const steering =
    /^(?:magneto_|matgto_|cassette_|rust_log$|ci$|node_|(?:https?|all|no|ftp)_proxy$|curl_|ssl_|requests_)/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !steering.test(entry[0]),
    ),
  );
}
