import type { Logger } from 'pino';
import type { Settings } from './config/config.ts';
import type { Control } from './control/control.ts';
import { Failure } from './exchange/failure.ts';
import type { Closers, Ground } from './groundwork.ts';
import { layGround } from './groundwork.ts';
import type { Intake } from './intake/intake.ts';
import type { Receipt } from './journal/journal.ts';
import type { Listening } from './listening.ts';
import { capturesIpv6, listenOnAll, ownDestinations } from './listening.ts';
import type { Naming } from './naming.ts';
import { openNaming } from './naming.ts';
import type { Report } from './logging.ts';
import type { Ended, Run, Status } from './reporting.ts';
import { createLossReport } from './logging.ts';
import { askReceipt, exitStatusOf, receiptOf, statusOf } from './reporting.ts';
import { openControl, openIntake } from './serving.ts';
import type { Sessions } from './sessions.ts';
import { openRun } from './sessions.ts';
import { demandFiles } from './upstream-files.ts';

/** What the appliance is started with. */
export interface ApplianceOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Told when a client of the control plane wishes the run to end; it is then being stopped. */
  readonly onQuit?: () => void;
}

/** The appliance, serving. */
export interface Appliance {
  readonly addresses: {
    readonly proxy: readonly Listening[];
    readonly control: readonly Listening[];
    /** Where questions for names are answered, where connections are captured. */
    readonly names?: readonly Listening[];
  };
  readonly certificateFile: string;
  readonly status: () => Status;
  readonly receipt: () => Receipt;
  /** Ends the take, flushes, closes everything; gives the receipt and the exit status that it means. */
  readonly stop: () => Promise<Ended>;
}

const drainMs = 1000;

/**
 * Builds every room, joins them and starts them in order; serving when it resolves.
 * @throws Failure whatever start-up failure a room has: CASSETTE_*, CA_*, TRUST_*, PORT_TAKEN, LISTEN_FAILED,
 * RECORDING_REFUSED_IN_CI, UPSTREAM_CA_INVALID, UPSTREAM_CLIENT_CERT_INVALID
 */
export async function startAppliance(options: ApplianceOptions): Promise<Appliance> {
  const opened: Closers = [];
  try {
    return await start(options, opened);
  } catch (error) {
    // The first error is the one to tell; what closing adds to it is not.
    for (const close of opened.toReversed()) await close().catch(() => {});
    throw error;
  }
}

interface House extends Ground {
  readonly session: Sessions;
  readonly control: Control;
}

async function start(options: ApplianceOptions, opened: Closers): Promise<Appliance> {
  const ground = await layGround(options, opened);
  const { settings, log, metrics, authority } = ground;
  // The control plane comes first: while a large cassette is read, /health says that it is.
  const { selfTest } = ground;
  const run: Run = { phase: 'starting', warnings: authority.warnings, selfTest };
  const control = openControl(ground, run);
  opened.push(() => control.close());
  const { controlHosts: hosts, controlPort: port } = settings;
  const controls = await listenOnAll(control, { hosts, port }, log);
  ground.own.push(...controls);
  const proxies: Listening[] = [];
  const session = await openRun(ground, () => capturesIpv6(proxies));
  opened.push(() => session.discard());
  demandFiles(ground.unread, { isNeeded: session.all.some(({ strict }) => !strict), log });
  run.session = session;
  const house: House = { ...ground, session, control };
  const intake = openIntake(house, ownDestinations(ground.own));
  opened.push(() => intake.close(0));
  metrics.watchSockets(() => intake.connections);
  proxies.push(...(await listenOnAll(intake, settings, log)));
  ground.own.push(...proxies);
  const naming = await openNaming({
    settings,
    session,
    onLost: createLossReport(log, ground.report),
    listen: (names, asked) => listenOnAll(names, asked, log),
  });
  opened.push(() => naming.close());
  ground.own.push(...naming.addresses);
  const end = once(() => {
    run.phase = 'stopping';
    return endTake({ ...house, naming, intake });
  });
  const stop = once(async () => closeRest(house, await end()));
  run.quit = () => {
    options.onQuit?.();
    // Whoever asked is answered before the control plane is closed as well.
    void stop();
    return end();
  };
  // Before anyone is told that we are ready, and after all that need not wait for it.
  const kit = await ground.trustKit.write();
  if (kit.length > 0) log.info({ folder: settings.trustDir, files: kit }, 'trust kit written');
  run.phase = 'serving';
  return {
    addresses: { proxy: proxies, control: controls, names: naming.addresses },
    certificateFile: authority.certificateFile,
    status: () => statusOf(settings, run, ground.journal),
    receipt: () => receiptOf(house),
    stop,
  };
}

/** Lets no more clients in, ends the take and what still goes out: what the run came to is known then. */
async function endTake(
  house: House & { readonly naming: Naming; readonly intake: Intake },
): Promise<Ended> {
  const { session, report, naming, intake, network } = house;
  await intake.close(drainMs);
  await naming.close();
  await session.close().catch(reportFailure(report));
  await network.close();
  const receipt = await askReceipt(house);
  return { receipt, exitStatus: exitStatusOf(session, receipt) };
}

/** Closes what is left when the take has ended. */
async function closeRest(house: House, ended: Ended): Promise<Ended> {
  const { control, metrics, tracing, counters, log } = house;
  await control.close();
  metrics.close();
  await tracing.close();
  counters?.close();
  log.info({ receipt: ended.receipt }, 'receipt');
  return ended;
}

/** Runs an action once, whoever asks again gets the same promise. */
function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined;
  return () => (running ??= action());
}

/** Failures are reported; anything else is a bug and goes on. */
function reportFailure(report: Report): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Failure)) throw error;
    report(error);
  };
}
