import { randomUUID } from 'node:crypto';
import { openLibrary, refuseClashes } from './cassette/cassette.ts';
import { createClients } from './clients.ts';
import type { Session } from './exchange/arrival.ts';
import type { Upstream } from './exchange/upstream.ts';
import type { Ground } from './groundwork.ts';
import { ofSession } from './journal/journal.ts';
import type { OpenSession, SessionOptions, WebSocketReplay } from './mode/mode.ts';
import { breaker, openSession } from './mode/mode.ts';
import { lookUp } from './network/network.ts';
import { liveNames } from './outgoing.ts';
import type { OpenRun } from './reporting.ts';

/** The sessions of a run, and who belongs to which. */
export interface Sessions extends OpenRun {
  readonly all: AtLeastOne;
  /** The session of a client; at once, unless a name of MAGNETO_CLIENTS has to be resolved for it. */
  readonly of: (client: { readonly address: string }) => Session | Promise<Session>;
}

/**
 * Opens the session that clients share, and one for each cassette of MAGNETO_CLIENTS; whether IPv6 is
 * captured shows when intake listens.
 * @throws Failure CASSETTE_*, RECORDING_REFUSED_IN_CI
 */
export async function openRun(ground: Ground, capturesIpv6: () => boolean): Promise<Sessions> {
  const { settings, journal, log } = ground;
  const { cassetteName, clients: entries } = settings;
  const names = [...new Set([cassetteName, ...entries.map(({ cassette }) => cassette)])];
  refuseClashes(names);
  journal.subscribe((entry) => log.info(entry, 'exchange'));
  const all = await openEach({ ground, names, capturesIpv6 });
  const answering = all.map((session) => besideLive(ground, session, all.length > 1));
  const byName = new Map(answering.map((session) => [session.name, session]));
  const shared = answering[0] ?? all[0];
  const clients = await createClients({ entries, lookUp, tell: (line) => log.info(line) });
  const sessionOf = (cassette: string | undefined): Session =>
    byName.get(cassette ?? cassetteName) ?? shared;
  const of: Sessions['of'] = ({ address }) => {
    const cassette = clients.cassetteOf(address);
    return cassette instanceof Promise ? cassette.then(sessionOf) : sessionOf(cassette);
  };
  // Not spread: what it tells changes as the run goes on.
  return Object.assign(together(all), { of });
}

/** The sessions of a run: the one of clients that have none of their own first. */
export type AtLeastOne = readonly [OpenSession, ...OpenSession[]];

interface Opening {
  readonly ground: Ground;
  readonly names: readonly string[];
  readonly capturesIpv6: () => boolean;
}

/** Opens a session for each name, the first for whoever has none of his own; all of them or none. */
async function openEach({ ground, names, capturesIpv6 }: Opening): Promise<AtLeastOne> {
  const { settings, journal } = ground;
  const common = commonOptions(ground, capturesIpv6);
  const [first = settings.cassetteName, ...others] = names;
  if (others.length === 0) return [await openSession({ ...common, cassette: first, journal })];
  const opened: OpenSession[] = [];
  const open = async (cassette: string, waits = common.waits): Promise<OpenSession> => {
    const own = { cassette, journal: ofSession(journal, cassette), waits };
    const session = await openSession({ ...common, ...own });
    opened.push(session);
    return session;
  };
  try {
    const own: OpenSession[] = [];
    for (const name of others) own.push(await open(name));
    // Where everybody has a cassette of his own there is nothing to record the shared one from.
    return [await open(first, true), ...own];
  } catch (error) {
    for (const session of opened) await session.discard();
    throw error;
  }
}

function commonOptions(
  ground: Ground,
  capturesIpv6: () => boolean,
): Omit<SessionOptions, 'cassette' | 'journal'> & Waiting {
  const { settings, log, report, metrics, messages } = ground;
  const library = openLibrary({
    directory: settings.cassetteDir,
    format: settings.cassetteFormat,
    fsync: settings.fsync,
    resumes: settings.resume,
    bodyFileBytes: settings.bodyFileBytes,
    types: messages.types,
    warn: (line) => log.warn(line),
    onWrite: metrics.onWrite,
  });
  const names = liveNames(settings);
  return {
    mode: settings.mode,
    onMiss: settings.onMiss,
    library,
    network: guarded(ground),
    ...(names && { names: { ...names, ipv6: capturesIpv6, onMiss: settings.dnsMiss } }),
    latency: settings.latency,
    ...(settings.faults.length > 0 && { faults: faultsOf(ground) }),
    bodyBytesMax: settings.bodyBytesMax,
    recordsStreams: settings.raw === 'record',
    streamMsMax: settings.streamMsMax,
    grpc: { ignoring: messages.ignoring, learn: messages.learn },
    websockets: websocketReplay(ground),
    cutUnwritten: settings.fsync === 'always',
    ci: settings.ci,
    sealed: settings.seal,
    waits: settings.cassetteWait,
    onFailure: report,
  };
}

/** Faults on purpose, with a seed that can be given again. */
function faultsOf({ settings, log }: Ground): NonNullable<SessionOptions['faults']> {
  const { faults: rules, faultSeed } = settings;
  const seed = faultSeed === '' ? randomUUID().slice(0, 8) : faultSeed;
  log.warn(`faults on purpose: MAGNETO_FAULT_SEED=${seed} brings the same ones again`);
  return { rules, seed };
}

/** The network, behind a breaker where one is asked for. */
function guarded({ settings, network, report }: Ground): Upstream {
  if (settings.breaker === undefined) return network;
  return breaker(network, {
    ...settings.breaker,
    onOpen: (failure) => report(failure),
  });
}

function websocketReplay({ settings, stage }: Ground): WebSocketReplay {
  const { latency } = settings;
  return {
    policy: settings.websocketReplay,
    pace: latency.type === 'scaled' ? latency.percent / 100 : 1,
    keys: settings.websocketSessionKey,
    ignore: settings.websocketIgnore,
    optional: settings.websocketOptional,
    stage,
  };
}

interface Waiting {
  readonly waits: boolean;
}

/** Several sessions as one: their sums, the first failure, and what strangers are served by. */
export function together(all: AtLeastOne): Omit<Sessions, 'of'> {
  const [shared] = all;
  const sum = (count: (session: OpenSession) => number): number =>
    all.reduce((total, session) => total + count(session), 0);
  const each = async (act: (session: OpenSession) => Promise<void>): Promise<void> => {
    const done = await Promise.allSettled(all.map(act));
    const failed = done.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  return {
    all,
    name: shared.name,
    get upstream() {
      return shared.upstream;
    },
    ...(shared.resolver && { resolver: shared.resolver }),
    acts: shared.acts,
    strict: all.some(({ strict }) => strict),
    get records() {
      return all.some(({ records }) => records);
    },
    get loaded() {
      return sum(({ loaded }) => loaded);
    },
    get file() {
      return shared.file;
    },
    get digest() {
      return shared.digest;
    },
    unused: () => sum((session) => session.unused()),
    unfinished: () => all.some((session) => session.unfinished()),
    interactions: () => sum((session) => session.interactions()),
    failure: () => all.find((session) => session.failure() !== undefined)?.failure(),
    close: () => each((session) => session.close()),
    discard: () => each((session) => session.discard()),
  };
}

/** What clients of a session are answered by: its mode, and beside it the live neighbours. */
function besideLive(
  { live, journal }: Ground,
  session: OpenSession,
  isOneOfMany: boolean,
): Session {
  const own = isOneOfMany ? ofSession(journal, session.name) : journal;
  return live === undefined ? session : live.beside(session, own);
}
