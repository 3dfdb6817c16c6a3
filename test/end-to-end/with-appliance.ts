import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Appliance } from '../../src/appliance.ts';
import { startAppliance } from '../../src/appliance.ts';
import { loadSettings } from '../../src/config/config.ts';
import type { Via } from './client.ts';

/** A real appliance in this process, and where its clients find it. */
export interface Running {
  readonly appliance: Appliance;
  readonly via: Via;
  readonly controlPort: number;
  /** The lines of its log, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
}

/** Starts an appliance from variables as a user would set them, on free ports. */
export async function startWith(variables: Readonly<Record<string, string>>): Promise<Running> {
  const log: Record<string, unknown>[] = [];
  const env = {
    MAGNETO_PORT: '0',
    MAGNETO_CONTROL_PORT: '0',
    MAGNETO_HOST: '127.0.0.1',
    ...variables,
  };
  const { settings } = loadSettings({ env });
  const logger = pino(
    { level: settings.logLevel, base: null },
    { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const appliance = await startAppliance({ settings, log: logger });
  const proxyPort = appliance.addresses.proxy[0]?.port ?? 0;
  const controlPort = appliance.addresses.control[0]?.port ?? 0;
  return { appliance, via: { proxyPort, caFile: appliance.certificateFile }, controlPort, log };
}

/** Runs a body with an appliance, and stops it whatever comes; gives what the run came to. */
export async function withAppliance(
  variables: Readonly<Record<string, string>>,
  body: (running: Running) => Promise<void>,
): Promise<Awaited<ReturnType<Appliance['stop']>>> {
  const running = await startWith(variables);
  try {
    await body(running);
  } finally {
    await running.appliance.stop();
  }
  return running.appliance.stop();
}

/** The variables of a mode whose cassettes and CA are below a folder. */
export function modeIn(
  folder: string,
  mode: string,
): Readonly<Record<string, string>> & {
  readonly MAGNETO_CERT_DIR: string;
} {
  return {
    MAGNETO_MODE: mode,
    MAGNETO_CASSETTE_DIR: join(folder, 'cassettes'),
    MAGNETO_CERT_DIR: join(folder, 'certs'),
  };
}

/** Runs a body while it is recorded, and again in replay when the server is gone. */
export async function twice<Result>(
  origin: { readonly stop: () => Promise<void> },
  body: (running: Running, live: boolean) => Promise<Result>,
  more: (live: boolean) => Readonly<Record<string, string>> = () => ({}),
): Promise<readonly [live: Result, again: Result]> {
  return withFolder(async (folder) => {
    const run = async (live: boolean): Promise<Result> => {
      const running = await startWith({
        ...modeIn(folder, live ? 'record' : 'replay'),
        ...more(live),
      });
      try {
        return await body(running, live);
      } finally {
        await running.appliance.stop();
      }
    };
    try {
      const live = await run(true);
      await origin.stop();
      return [live, await run(false)];
    } finally {
      await origin.stop();
    }
  });
}

/** A temporary folder for one test. */
export async function withFolder<Result>(
  body: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'magneto-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
