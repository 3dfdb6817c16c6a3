import type { Logger } from 'pino';
import { openLibrary } from './cassette/cassette.ts';
import type { Settings } from './config/config.ts';
import { createControl, createMetrics } from './control/control.ts';
import { Failure } from './exchange/failure.ts';
import type { Intake } from './intake/intake.ts';
import { createIntake } from './intake/intake.ts';
import type { Journal, Receipt } from './journal/journal.ts';
import { createJournal } from './journal/journal.ts';
import type { Listening } from './listening.ts';
import { listenOnAll, ownDestinations } from './listening.ts';
import type { OpenSession } from './mode/mode.ts';
import { openSession } from './mode/mode.ts';
import type { Network, NetworkOptions } from './network/network.ts';
import { createNetwork } from './network/network.ts';
import type { Report, Status } from './reporting.ts';
import { createReport, exitStatusOf, receiptOf, statusOf, withHeadsLogged } from './reporting.ts';
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
  readonly addresses: { readonly proxy: readonly Listening[]; readonly control: readonly Listening[] };
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
  const opened: (() => Promise<void>)[] = [];
  try {
    return await start(options, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

async function start(
  { settings, log }: ApplianceOptions,
  opened: (() => Promise<void>)[],
): Promise<Appliance> {
  const journal = createJournal();
  const listeners: Listening[] = [];
  const metrics = createMetrics({ journal, openSockets: () => intake.connections });
  opened.push(async () => metrics.close());
  const authority = await openAuthority({ directory: settings.certDir });
  const network = createNetwork(networkOptions(settings));
  opened.push(() => network.close());
  const report = createReport(log, metrics.onOwnError);
  const session = await openRun({ settings, log, journal, network, report, onWrite: metrics.onWrite });
  opened.push(() => session.close());
  const intake: Intake = createIntake({
    authority,
    wire: createWire({
      missStatus: settings.missStatus,
      onConnect: (tunnel) => intake.connect(tunnel),
      own: (path) => ownPage(path, authority),
      isOwn: ownDestinations(listeners),
      onFailure: report,
      onLost: (where, error) => log.debug({ where, err: error }, 'connection lost'),
    }),
    session: () => session,
    allowClients: settings.allowClients,
    onLost: (where, error) => log.debug({ where, err: error }, 'connection lost'),
    onFailure: report,
  });
  opened.push(() => intake.close(0));
  listeners.push(...(await listenOnAll(intake, settings, log)));
  const status = (): Status => statusOf(settings, session);
  const currentReceipt = (): Receipt => receiptOf(settings, session, journal);
  const control = createControl({
    status,
    receipt: currentReceipt,
    certificatePem: () => authority.certificatePem,
    metrics,
    allowClients: settings.allowClients,
  });
  opened.push(() => control.close());
  const controls = await listenOnAll(
    control,
    { hosts: settings.controlHosts, port: settings.controlPort },
    log,
  );
  return {
    addresses: { proxy: listeners, control: controls },
    certificateFile: authority.certificateFile,
    status,
    receipt: currentReceipt,
    stop: once(async () => {
      await intake.close(drainMs);
      await session.close().catch(reportFailure(report));
      for (const close of [control.close, network.close]) await close();
      metrics.close();
      const final = currentReceipt();
      log.info({ receipt: final }, 'receipt');
      return { receipt: final, exitStatus: exitStatusOf(session, final) };
    }),
  };
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

function networkOptions(settings: Settings): NetworkOptions {
  const { upstreamCa, upstreamInsecureHosts, upstreamProxy, upstreamNoProxy } = settings;
  return {
    upstreamCa: upstreamCa.map(({ pem }) => pem),
    insecureHosts: upstreamInsecureHosts,
    ...(upstreamProxy === undefined
      ? {}
      : { upstreamProxy: { ...upstreamProxy, noProxy: upstreamNoProxy } }),
  };
}

/** Opens the session that all clients share. */
async function openRun(parts: {
  readonly settings: Settings;
  readonly log: Logger;
  readonly journal: Journal;
  readonly network: Network;
  readonly report: Report;
  readonly onWrite: (ms: number, failed: boolean) => void;
}): Promise<OpenSession> {
  const { settings, log, journal, network, report, onWrite } = parts;
  const library = openLibrary({
    directory: settings.cassetteDir,
    format: settings.cassetteFormat,
    fsync: settings.fsync,
    warn: (line) => log.warn(line),
    onWrite,
  });
  journal.subscribe((entry) => log.info(entry, 'exchange'));
  return openSession({
    mode: settings.mode,
    onMiss: settings.onMiss,
    cassette: settings.cassetteName,
    library,
    network: log.isLevelEnabled('debug') ? withHeadsLogged(network, log) : network,
    journal,
    latency: settings.latency,
    bodyBytesMax: settings.bodyBytesMax,
    cutUnwritten: settings.fsync === 'always',
    ci: settings.ci,
    onFailure: report,
  });
}

/** What magneto itself serves at `http://magneto.local`. */
function ownPage(path: string, authority: Authority): ReturnType<WireOptions['own']> {
  if (path !== '/ca.pem') return undefined;
  return { type: 'application/x-pem-file', text: authority.certificatePem };
}
