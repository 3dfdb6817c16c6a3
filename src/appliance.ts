import type { Logger } from 'pino';
import type { OriginalDestinations } from './capture/capture.ts';
import { openLibrary } from './cassette/cassette.ts';
import type { Settings } from './config/config.ts';
import type { Control, Metrics } from './control/control.ts';
import { createControl, createMetrics } from './control/control.ts';
import type { Destination } from './exchange/destination.ts';
import { Failure } from './exchange/failure.ts';
import type { Intake } from './intake/intake.ts';
import { createIntake } from './intake/intake.ts';
import type { Journal, Receipt } from './journal/journal.ts';
import { createJournal } from './journal/journal.ts';
import type { Listening } from './listening.ts';
import { listenOnAll, ownDestinations } from './listening.ts';
import type { OpenSession } from './mode/mode.ts';
import { openSession } from './mode/mode.ts';
import type { Naming } from './naming.ts';
import { openCapture, openNaming } from './naming.ts';
import type { Network } from './network/network.ts';
import { createNetwork } from './network/network.ts';
import { liveNames, networkOptions } from './outgoing.ts';
import type { Report, Run, Status } from './reporting.ts';
import {
  createLossReport,
  createReport,
  exitStatusOf,
  receiptOf,
  statusOf,
  withHeadsLogged,
} from './reporting.ts';
import type { Authority } from './tls/tls.ts';
import { openAuthority } from './tls/tls.ts';
import type { WireOptions } from './wire/wire.ts';
import { createWire } from './wire/wire.ts';

/** What the appliance is started with. */
export interface ApplianceOptions {
  readonly settings: Settings;
  readonly log: Logger;
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
  readonly stop: () => Promise<{ readonly receipt: Receipt; readonly exitStatus: number }>;
}

const drainMs = 1000;

/**
 * Builds every room, joins them and starts them in order; serving when it resolves.
 * @throws Failure whatever start-up failure a room has: CASSETTE_*, CA_*, PORT_TAKEN, LISTEN_FAILED,
 * RECORDING_REFUSED_IN_CI
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

/** The rooms that need no cassette. */
interface Ground {
  readonly settings: Settings;
  readonly log: Logger;
  readonly journal: Journal;
  readonly metrics: Metrics;
  readonly authority: Authority;
  readonly network: Network;
  readonly report: Report;
  /** Asks the kernel; nothing where nothing is captured. */
  readonly originalDestination: OriginalDestinations | undefined;
}

interface House extends Ground {
  readonly session: OpenSession;
  readonly control: Control;
}

async function start(options: ApplianceOptions, opened: Closers): Promise<Appliance> {
  const ground = await layGround(options, opened);
  const { settings, log, metrics, authority } = ground;
  // The control plane comes first: while a large cassette is read, /health says that it is.
  const run: Run = { phase: 'starting' };
  const control = openControl(ground, run);
  opened.push(() => control.close());
  const { controlHosts: hosts, controlPort: port } = settings;
  const controls = await listenOnAll(control, { hosts, port }, log);
  const session = await openRun(ground);
  opened.push(() => session.discard());
  run.session = session;
  const proxies: Listening[] = [];
  const house: House = { ...ground, session, control };
  const intake = openIntake(house, ownDestinations(proxies));
  opened.push(() => intake.close(0));
  metrics.watchSockets(() => intake.connections);
  proxies.push(...(await listenOnAll(intake, settings, log)));
  const naming = await openNaming({
    settings,
    session,
    onLost: createLossReport(log, ground.report),
    listen: (names, asked) => listenOnAll(names, asked, log),
  });
  opened.push(() => naming.close());
  run.phase = 'serving';
  return {
    addresses: { proxy: proxies, control: controls, names: naming.addresses },
    certificateFile: authority.certificateFile,
    status: () => statusOf(settings, run),
    receipt: () => receiptOf(house),
    stop: once(() => {
      run.phase = 'stopping';
      return stop({ ...house, naming }, intake);
    }),
  };
}

/** Closes what was opened, the last first. */
type Closers = (() => Promise<void>)[];

async function layGround({ settings, log }: ApplianceOptions, opened: Closers): Promise<Ground> {
  const journal = createJournal();
  const metrics = createMetrics({ journal });
  opened.push(() => Promise.resolve(metrics.close()));
  const authority = await openAuthority({ directory: settings.certDir });
  const network = createNetwork(networkOptions(settings));
  opened.push(() => network.close());
  const report = createReport(log, metrics.onOwnError);
  const originalDestination = await openCapture(settings);
  return { settings, log, journal, metrics, authority, network, report, originalDestination };
}

function openIntake(house: House, isOwn: (destination: Destination) => boolean): Intake {
  const { settings, authority, session, report, network, originalDestination } = house;
  const onLost = createLossReport(house.log, report);
  const seen = house.log.isLevelEnabled('debug') ? withHeadsLogged(session, house.log) : session;
  const intake: Intake = createIntake({
    authority,
    wire: createWire({
      missStatus: settings.missStatus,
      onConnect: (tunnel) => intake.connect(tunnel),
      own: (path) => ownPage(path, authority),
      isOwn,
      onFailure: report,
      onLost,
    }),
    session: () => seen,
    allowClients: settings.allowClients,
    isOwn,
    isOwnSocket: network.isOwnSocket,
    onLoop: report,
    onLost,
    onTlsRefused: report,
    ...(originalDestination !== undefined && { originalDestination }),
  });
  return intake;
}

function openControl(ground: Ground, run: Run): Control {
  const { settings, authority, metrics, journal } = ground;
  return createControl({
    status: () => statusOf(settings, run),
    receipt: () => receiptOf({ settings, journal, session: run.session }),
    certificatePem: () => authority.certificatePem,
    metrics,
    allowClients: settings.allowClients,
  });
}

/** Lets no more clients in, ends the take, closes the rest. */
async function stop(
  house: House & { readonly naming: Naming },
  intake: Intake,
): Promise<{ readonly receipt: Receipt; readonly exitStatus: number }> {
  const { session, control, network, metrics, log, report, naming } = house;
  await intake.close(drainMs);
  await naming.close();
  await session.close().catch(reportFailure(report));
  await control.close();
  await network.close();
  metrics.close();
  const receipt = receiptOf(house);
  log.info({ receipt }, 'receipt');
  return { receipt, exitStatus: exitStatusOf(session, receipt) };
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

/** Opens the session that all clients share. */
async function openRun(ground: Ground): Promise<OpenSession> {
  const { settings, log, journal, network, report, metrics } = ground;
  const library = openLibrary({
    directory: settings.cassetteDir,
    format: settings.cassetteFormat,
    fsync: settings.fsync,
    warn: (line) => log.warn(line),
    onWrite: metrics.onWrite,
  });
  journal.subscribe((entry) => log.info(entry, 'exchange'));
  const names = liveNames(settings);
  return openSession({
    mode: settings.mode,
    onMiss: settings.onMiss,
    cassette: settings.cassetteName,
    library,
    network,
    ...(names && { names }),
    journal,
    latency: settings.latency,
    bodyBytesMax: settings.bodyBytesMax,
    cutUnwritten: settings.fsync === 'always',
    ci: settings.ci,
    waits: settings.cassetteWait,
    onFailure: report,
  });
}

/** What magneto itself serves at `http://magneto.local`. */
function ownPage(path: string, authority: Authority): ReturnType<WireOptions['own']> {
  if (path !== '/ca.pem') return undefined;
  return { type: 'application/x-pem-file', text: authority.certificatePem };
}
