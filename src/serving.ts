import type { SelfTest } from './capture/capture.ts';
import type { Control } from './control/control.ts';
import { createControl } from './control/control.ts';
import { crowdOf } from './crowding.ts';
import type { Destination } from './exchange/destination.ts';
import type { Ground } from './groundwork.ts';
import type { CrowdOptions, Intake, IntakeOptions } from './intake/intake.ts';
import { createIntake } from './intake/intake.ts';
import type { Passing } from './passing.ts';
import { createPassing } from './passing.ts';
import { createRefusalReport } from './refusing.ts';
import type { Run } from './reporting.ts';
import { createLossReport, withHeadsLogged } from './logging.ts';
import { askReceipt, statusOf } from './reporting.ts';
import type { Sessions } from './sessions.ts';
import type { Authority } from './tls/tls.ts';
import type { WireOptions } from './wire/wire.ts';
import { createWire } from './wire/wire.ts';

/** What clients are let in with. */
export interface Serving extends Ground {
  readonly session: Sessions;
}

/** Joins intake and wire: where clients come in. It listens nowhere yet. */
export function openIntake(house: Serving, isOwn: (destination: Destination) => boolean): Intake {
  const { settings, log, authority, selfTest, report, network, originalDestination } = house;
  const { journal, metrics } = house;
  const onLost = createLossReport(log, report);
  const passing = openPassing(house);
  const intake: Intake = createIntake({
    authority,
    http2: settings.http2,
    wire: createWire({
      missStatus: settings.missStatus,
      onConnect: (tunnel) => intake.connect(tunnel),
      own: (path, destination) => ownPage({ authority, selfTest, path, destination }),
      isOwn,
      onFailure: report,
      onLost,
    }),
    session: sessionOf(house),
    crowd: crowdFor(house),
    allowClients: settings.allowClients,
    isOwn,
    isOwnSocket: network.isOwnSocket,
    onLoop: report,
    onLost,
    onTlsRefused: createRefusalReport({ journal, report, metrics, refused: passing.refused }),
    ...(originalDestination !== undefined && { originalDestination }),
    untouched: passing.untouched,
    nameAt: passing.nameAt,
    trustDir: settings.trustDir,
    likely: passing.likely,
  });
  return intake;
}

/** How many clients there may be; that there may be too few is told once, here. */
function crowdFor({ settings, session, report, metrics }: Serving): CrowdOptions {
  const dials = session.all.some(({ strict }) => !strict);
  const { connectionsMax } = settings;
  const { tooFew, ...crowd } = crowdOf({ connectionsMax, dials, report, metrics });
  if (tooFew !== undefined) report(tooFew);
  return crowd;
}

/** The session of each client, its heads in the log where that is asked for. */
function sessionOf({ log, session }: Serving): IntakeOptions['session'] {
  if (!log.isLevelEnabled('debug')) return session.of;
  return async (client) => withHeadsLogged(await session.of(client), log);
}

function openPassing({ settings, session, journal, report, live }: Serving): Passing {
  const { opaquePorts, tlsPassthrough, tlsPassthroughAfter } = settings;
  // In a strict replay there is no real server that a refusing client could be led to.
  const after = session.all.every(({ strict }) => strict) ? 0 : tlsPassthroughAfter;
  return createPassing({
    live,
    opaquePorts,
    tlsPassthrough,
    tlsPassthroughAfter: after,
    journal,
    report,
  });
}

/** The control plane of a run. It listens nowhere yet. */
export function openControl(ground: Ground, run: Run): Control {
  const { settings, authority, trustKit, metrics } = ground;
  return createControl({
    status: () => statusOf(settings, run, ground.journal),
    receipt: () => askReceipt({ ...ground, session: run.session }),
    certificatePem: () => authority.certificatePem,
    trustFile: trustKit.file,
    metrics,
    allowClients: settings.allowClients,
    hostnames: settings.controlHostnames,
    token: settings.controlToken?.text,
    quit: () => run.quit?.(),
    stage: ground.stage,
  });
}

/** What magneto itself serves at `http://magneto.local`. */
function ownPage(asked: {
  readonly authority: Authority;
  readonly selfTest: SelfTest;
  readonly path: string;
  readonly destination: Destination;
}): ReturnType<WireOptions['own']> {
  const { authority, selfTest, path, destination } = asked;
  if (path === '/ca.pem') {
    return { type: 'application/x-pem-file', text: authority.certificatePem };
  }
  const arrived = selfTest.answer(path, destination);
  return arrived && { type: 'application/json', text: JSON.stringify(arrived) };
}
