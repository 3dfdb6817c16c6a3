import type { SelfTest } from './capture/capture.ts';
import type { Control } from './control/control.ts';
import { createControl } from './control/control.ts';
import type { Destination } from './exchange/destination.ts';
import type { Ground } from './groundwork.ts';
import type { Intake } from './intake/intake.ts';
import { createIntake } from './intake/intake.ts';
import type { OpenSession } from './mode/mode.ts';
import type { Run } from './reporting.ts';
import { askReceipt, createLossReport, statusOf, withHeadsLogged } from './reporting.ts';
import { besideLive } from './sessions.ts';
import type { Authority } from './tls/tls.ts';
import type { WireOptions } from './wire/wire.ts';
import { createWire } from './wire/wire.ts';

/** What clients are let in with. */
export interface Serving extends Ground {
  readonly session: OpenSession;
}

/** Joins intake and wire: where clients come in. It listens nowhere yet. */
export function openIntake(house: Serving, isOwn: (destination: Destination) => boolean): Intake {
  const { settings, log, authority, session, selfTest, report, network } = house;
  const { originalDestination, live } = house;
  const onLost = createLossReport(log, report);
  const answering = besideLive(house, session);
  const seen = log.isLevelEnabled('debug') ? withHeadsLogged(answering, log) : answering;
  const intake: Intake = createIntake({
    authority,
    wire: createWire({
      missStatus: settings.missStatus,
      onConnect: (tunnel) => intake.connect(tunnel),
      own: (path, destination) => ownPage({ authority, selfTest, path, destination }),
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
    ...(live !== undefined && { untouched: live.untouched, likely: live.likely }),
  });
  return intake;
}

/** The control plane of a run. It listens nowhere yet. */
export function openControl(ground: Ground, run: Run): Control {
  const { settings, authority, trustKit, metrics } = ground;
  return createControl({
    status: () => statusOf(settings, run),
    receipt: () => askReceipt({ ...ground, session: run.session }),
    certificatePem: () => authority.certificatePem,
    trustFile: trustKit.file,
    metrics,
    allowClients: settings.allowClients,
    hostnames: settings.controlHostnames,
    token: settings.controlToken?.text,
    quit: () => run.quit?.(),
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
