import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { CounterReader, OriginalDestinations, SelfTest } from './capture/capture.ts';
import { createSelfTest } from './capture/capture.ts';
import type { Settings } from './config/config.ts';
import type { Metrics } from './control/control.ts';
import { createMetrics } from './control/control.ts';
import type { Failure } from './exchange/failure.ts';
import type { Journal } from './journal/journal.ts';
import { createJournal } from './journal/journal.ts';
import type { Live, Stage } from './mode/mode.ts';
import { createLive, createStage } from './mode/mode.ts';
import type { Listening } from './listening.ts';
import { ownDestinations } from './listening.ts';
import type { Messages } from './messages.ts';
import { openMessages } from './messages.ts';
import { openCapture } from './naming.ts';
import type { Network } from './network/network.ts';
import { createNetwork } from './network/network.ts';
import { liveNames, networkOptions } from './outgoing.ts';
import type { Report } from './logging.ts';
import { createReport } from './logging.ts';
import { openCounterReader } from './reporting.ts';
import type { Authority, TrustKit } from './tls/tls.ts';
import { openAuthority, openTrustKit } from './tls/tls.ts';
import type { Tracing } from './tracing.ts';
import { openTracing } from './tracing.ts';
import { readUpstreamFiles } from './upstream-files.ts';

/** The rooms that need no cassette. */
export interface Ground {
  readonly settings: Settings;
  readonly log: Logger;
  readonly journal: Journal;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly authority: Authority;
  readonly trustKit: TrustKit;
  readonly network: Network;
  /** What is listened on so far, to be told from what may be dialled. */
  readonly own: Listening[];
  /** What is wrong with files that the way to servers needs. */
  readonly unread: readonly Failure[];
  readonly report: Report;
  /** Asks the kernel; nothing where nothing is captured. */
  readonly originalDestination: OriginalDestinations | undefined;
  /** Neighbours that are reached past every mode; nothing where there are none. */
  readonly live: Live | undefined;
  /** Asks for what the kernel's rules have counted; nothing where nobody can be asked. */
  readonly counters: CounterReader | undefined;
  /** The WebSocket sessions that are being replayed. */
  readonly stage: Stage;
  /** Answers test connections, and knows whether all of them came. */
  readonly selfTest: SelfTest;
  /** What is known of the messages of gRPC services. */
  readonly messages: Messages;
}

/** Closes what was opened, the last first. */
export type Closers = (() => Promise<void>)[];

/** Builds the rooms that need no cassette. @throws Failure CA_*, GRPC_PROTOS_INVALID, CAPTURED_PORT_IS_OWN, ORIGINAL_DESTINATION_UNAVAILABLE */
export async function layGround(
  { settings, log }: Pick<Ground, 'settings' | 'log'>,
  opened: Closers,
): Promise<Ground> {
  const messages = await openMessages(settings);
  const journal = createJournal();
  const tracing = await openTracing({ endpoint: settings.otlpEndpoint, journal });
  opened.push(tracing.close);
  const metrics = createMetrics({ journal });
  opened.push(() => Promise.resolve(metrics.close()));
  const authority = await openAuthority({
    directory: settings.certDir,
    names: settings.caNameConstraints,
  });
  for (const warning of authority.warnings()) log.warn(warning);
  const files = readUpstreamFiles(settings);
  const trustKit = openKit(settings, authority, files.upstreamCa);
  const own: Listening[] = [];
  const isOwn = ownDestinations(own);
  const network = createNetwork({
    ...networkOptions(settings, files),
    isOwn: ({ address, port }) => isOwn({ host: address, port, secure: false }),
    listensOn: (port) => own.some((one) => one.port === port),
  });
  opened.push(() => network.close());
  const report = createReport(log, metrics.onOwnError);
  const originalDestination = await openCapture(settings);
  const live = openLive(settings, network);
  const counters = openCounterReader(settings, log);
  opened.push(() => Promise.resolve(counters?.close()));
  const told = { settings, log, journal, metrics, tracing, report };
  const met = { authority, trustKit, network, own, unread: files.failures };
  const selfTest = createSelfTest(randomUUID());
  const stage = createStage();
  return { ...told, ...met, originalDestination, live, counters, selfTest, messages, stage };
}

function openLive(settings: Settings, network: Network): Live | undefined {
  if (settings.live.length === 0) return undefined;
  return createLive({ hosts: settings.live, network, names: liveNames(settings) });
}

function openKit(
  { certDir, trustDir: folder, systemBundle }: Settings,
  { certificatePem: authorityPem }: Authority,
  upstreamCa: readonly string[],
): TrustKit {
  return openTrustKit({ authorityPem, upstreamCa, systemBundle, folder, certDir });
}
