import type { Logger } from 'pino';
import type { CounterReader, SelfTest } from './capture/capture.ts';
import { openCounters } from './capture/capture.ts';
import type { Settings } from './config/config.ts';
import { failureLine } from './exchange/failure.ts';
import type { Bypassed, Journal, Receipt, SessionReceipt } from './journal/journal.ts';
import { receipt, sessionReceipt } from './journal/journal.ts';
import type { OpenSession } from './mode/mode.ts';

/** How the appliance is, for `GET /health`. */
export interface Status {
  readonly ready: boolean;
  readonly reason?: string;
  /** The mode asked for. */
  readonly mode: string;
  /** What it does: `auto` decided. */
  readonly acts: string;
  readonly cassette: string;
  readonly interactions: number;
  /** Each session of a run that has several, by cassette. */
  readonly sessions?: Readonly<Record<string, SessionStatus>>;
  readonly [more: string]: unknown;
}

/** How one session is. */
export interface SessionStatus {
  readonly acts: string;
  readonly cassetteFile?: string;
  readonly interactions: number;
  /** The code of what keeps it from recording. */
  readonly failure?: string;
}

/** The sessions of a run seen as one: sums, the worst that happened, and what strangers are served by. */
export interface OpenRun extends OpenSession {
  /** Each of them, the one of clients that have none of their own first. */
  readonly all?: readonly OpenSession[];
}

/** How far the run has come. */
export interface Run {
  phase: 'starting' | 'serving' | 'stopping';
  readonly selfTest?: SelfTest;
  session?: OpenRun;
  /** What is to be said of it, one line each. */
  readonly warnings?: () => readonly string[];
  /** Ends it in order, and tells what it came to once its take has ended. */
  quit?: () => Promise<Ended>;
}

/** What a run came to. */
export interface Ended {
  readonly receipt: Receipt;
  /** What the process ends with. */
  readonly exitStatus: number;
}

/** The status of a run: ready while it serves, and not when it ought to record and cannot write, or to be tested first. */
export function statusOf(
  settings: Settings,
  run: Run,
  journal: Pick<Journal, 'passedThrough'>,
): Status {
  const { phase, session, selfTest } = run;
  const warnings = run.warnings?.() ?? [];
  const holes = journal.passedThrough().filter(({ because }) => because === 'refusals');
  const failure = session?.failure();
  const waits = phase === 'serving' && settings.selfTest && selfTest?.passed() === false;
  const how = waits ? 'waiting for the self-test' : phase;
  const reason = failure === undefined ? how : failureLine(failure);
  const ready = how === 'serving' && failure === undefined;
  return {
    ready,
    ...(ready ? {} : { reason }),
    mode: settings.mode,
    acts: session?.acts ?? settings.mode,
    cassette: settings.cassetteName,
    ...(session?.file === undefined ? {} : { cassetteFile: session.file }),
    interactions: session?.interactions() ?? 0,
    ...(warnings.length > 0 && { warnings }),
    phase,
    ...(selfTest && { run: selfTest.run }),
    ...(holes.length > 0 && { incomplete: holes.map(({ destination }) => destination) }),
    ...ofEach(session, sessionStatusOf),
  };
}

function sessionStatusOf(session: OpenSession): SessionStatus {
  const failure = session.failure();
  return {
    acts: session.acts,
    ...(session.file === undefined ? {} : { cassetteFile: session.file }),
    interactions: session.interactions(),
    ...(failure === undefined ? {} : { failure: failure.code }),
  };
}

/** What is to be said of each session, where there are several. */
function ofEach<Said>(
  run: OpenRun | undefined,
  say: (session: OpenSession) => Said,
): { readonly sessions?: Readonly<Record<string, Said>> } {
  const all = run === undefined ? [] : sessionsOf(run);
  if (all.length < 2) return {};
  return { sessions: Object.fromEntries(all.map((session) => [session.name, say(session)])) };
}

/** What a receipt is made of. */
export interface Receipted {
  readonly settings: Settings;
  readonly journal: Pick<Journal, 'counts' | 'inventory' | 'live' | 'refusals' | 'passedThrough'>;
  readonly session?: OpenRun | undefined;
}

/** The receipt of the run so far; what passed the rules by is known where the kernel was asked. */
export function receiptOf(
  { settings, session, journal }: Receipted,
  bypassed: Bypassed | null = null,
): Receipt {
  const { mode, cassetteName: cassette } = settings;
  // The seal is one of the rules of a captured run; without them there is none.
  const sealed = settings.seal && settings.transparent;
  const sealedReplay = sealed && session !== undefined && sessionsOf(session).every(isStrict);
  const facts = { mode, cassette, ...factsOf(session), sealedReplay, bypassed };
  return {
    ...receipt(journal, facts),
    ...ofEach(session, (each): SessionReceipt => {
      const own = { mode: each.acts, cassette: each.name, ...factsOf(each) };
      return sessionReceipt(journal.counts(each.name), own);
    }),
  };
}

function sessionsOf(run: OpenRun): readonly OpenSession[] {
  return run.all ?? [run];
}

function isStrict({ strict }: OpenSession): boolean {
  return strict;
}

function factsOf(session: OpenSession | undefined) {
  return {
    loaded: session?.loaded ?? 0,
    records: session?.records ?? false,
    unused: session?.unused() ?? 0,
    unfinished: session?.unfinished() ?? false,
    cassetteDigest: session?.digest ?? null,
  };
}

/** The receipt of the run so far, the kernel being asked. */
export async function askReceipt(
  run: Receipted & { readonly counters: CounterReader | undefined },
): Promise<Receipt> {
  return receiptOf(run, (await run.counters?.read()) ?? null);
}

/** What asks for the counters of the rules, where the settings say how; it is told of where that cannot be. */
export function openCounterReader(
  { counters: descriptors }: Settings,
  log: Logger,
): CounterReader | undefined {
  if (descriptors === undefined) return undefined;
  try {
    return openCounters({ descriptors });
  } catch (err) {
    log.warn({ err }, 'MAGNETO_COUNTERS names no open pipes: what passes the rules by is unknown');
    return undefined;
  }
}

/** 1: what was to be recorded was not, or the take has holes; 3: a strict replay missed something; else 0. */
export function exitStatusOf(session: OpenSession, final: Receipt): number {
  if (session.failure() !== undefined || final.incomplete) return 1;
  return session.strict && final.missed > 0 ? 3 : 0;
}
