import { pino } from 'pino';
import { startAppliance as start } from './appliance.ts';
import type { Settings } from './config/config.ts';
import type { Receipt } from './journal/journal.ts';

export { loadSettings } from './config/config.ts';
export type { Loaded, Settings } from './config/config.ts';
export { Failure, failureLine } from './exchange/failure.ts';
export type { FailureCode } from './exchange/failure.ts';
export type { Receipt } from './journal/journal.ts';

/** What an appliance is started with. */
export interface ApplianceOptions {
  /** As `loadSettings` gives them; the port 0 takes any free one. */
  readonly settings: Settings;
  /** Takes the log, one JSON object a line; without it nothing is logged. */
  readonly log?: (line: string) => void;
}

/** An address that is listened on. */
export interface Address {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** An appliance that serves within this process. */
export interface Appliance {
  readonly addresses: { readonly proxy: readonly Address[]; readonly control: readonly Address[] };
  /** The CA certificate (PEM) that clients have to trust. */
  readonly certificateFile: string;
  /** What the run has come to so far. */
  readonly receipt: () => Receipt;
  /**
   * Ends the take, flushes and closes everything. The exit status is what the process would end
   * with: 0, 1 where a recording failed, 3 where a strict replay missed something.
   */
  readonly stop: () => Promise<{ readonly receipt: Receipt; readonly exitStatus: number }>;
}

/**
 * Starts an appliance in this process; it serves when the promise resolves.
 * @throws Failure with the code of whatever kept it from starting, see docs/failures.md
 */
export async function startAppliance({ settings, log }: ApplianceOptions): Promise<Appliance> {
  const level = log === undefined ? 'silent' : settings.logLevel;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: log ?? (() => {}) },
  );
  const { addresses, certificateFile, receipt, stop } = await start({ settings, log: logger });
  return { addresses, certificateFile, receipt, stop };
}
