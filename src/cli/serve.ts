import type { Logger } from 'pino';
import type { Appliance, ApplianceOptions } from '../appliance.ts';
import { startAppliance } from '../appliance.ts';
import { loadSettings } from '../config/config.ts';
import { Failure, failureLine } from '../exchange/failure.ts';
import { createLog } from './log.ts';
import type { Streams } from './log.ts';
import { screen } from './screen.ts';
import { stopSignal } from './signals.ts';
import type { ProcessEdge } from './signals.ts';

/** What the verb needs. */
export interface Serving {
  readonly env: NodeJS.ProcessEnv;
  readonly streams: Streams;
  /** The process: its signals, its bugs, its end. */
  readonly edge: ProcessEdge;
  readonly start?: (options: ApplianceOptions) => Promise<Appliance>;
  /** How long stopping may take before the process ends anyhow. */
  readonly stopLimitMs?: number;
}

/** Docker kills after 10 s; 8 s are promised, and the way out takes some of them. */
const stopLimitMsDefault = 7500;

/** Exit status of a bug (EX_SOFTWARE of sysexits.h). */
export const bugStatus = 70;

/**
 * Serves until a signal comes, then stops in order; resolves with the exit status.
 * @throws Failure where it cannot start
 */
export async function serve(serving: Serving): Promise<number> {
  const { env, streams, edge, start = startAppliance } = serving;
  const { settings, warnings } = loadSettings({ env });
  const log = createLog(settings.logLevel, streams.log);
  for (const warning of warnings) log.warn(warning);
  const forgetBugs = dieOfBugs(edge, log);
  const signal = stopSignal(edge, {
    limitMs: serving.stopLimitMs ?? stopLimitMsDefault,
    onLimit: (ms) => log.fatal(`not stopped after ${ms} ms: ending anyhow`),
  });
  try {
    const appliance = await start({ settings, log, onQuit: () => signal.ask('POST /quit') });
    streams.stderr.write(screen(appliance, settings));
    log.info({ ...appliance.addresses, ...appliance.status() }, 'serving');
    log.info({ signal: await signal.received }, 'stopping');
    return await stop(appliance, log);
  } finally {
    signal.forget();
    forgetBugs();
  }
}

async function stop(appliance: Pick<Appliance, 'stop'>, log: Logger): Promise<number> {
  try {
    return (await appliance.stop()).exitStatus;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.error({ code: error.code }, failureLine(error));
    return 1;
  }
}

/** A bug leaves an unknown state behind: the process dies, whoever supervises it starts it anew. */
function dieOfBugs(edge: ProcessEdge, log: Logger): () => void {
  const die = (error: unknown): void => {
    log.fatal({ err: error }, 'a bug in magneto: please report it');
    edge.exit(bugStatus);
  };
  edge.on('uncaughtException', die);
  edge.on('unhandledRejection', die);
  return () => {
    edge.off('uncaughtException', die);
    edge.off('unhandledRejection', die);
  };
}
