import type { Standing } from '../cassette/cassette.ts';
import { Failure } from '../exchange/failure.ts';
import { createCursors } from '../replay/replay.ts';
import { faulty } from './fault.ts';
import { journaled } from './journaled.ts';
import { latency } from './latency.ts';
import { journaledNames } from './names.ts';
import { createOpenDrafts } from '../record/record.ts';
import { plug } from './plug.ts';
import type { OpenSession, SessionOptions } from './session.ts';
import { openWaitingSession } from './waiting.ts';

export { breaker } from './breaker.ts';
export type { Live } from './live.ts';
export { createLive } from './live.ts';
export type { WebSocketReplay } from '../replay/replay.ts';
export { createStage } from '../replay/replay.ts';
export type { Stage } from '../replay/replay.ts';
export type { LiveNames, OpenSession, SessionOptions } from './session.ts';

/** The modes a user can ask for. */
export type Mode = 'auto' | 'record' | 'replay' | 'passthrough' | 'hybrid';

/** What happens to a request that the cassette does not know. */
export type OnMiss = 'fail' | 'passthrough' | 'record';

/** What a mode needs: a recording to play, a take to write, and what a miss falls through to. */
export interface Plan {
  readonly acts: OpenSession['acts'];
  readonly plays: boolean;
  readonly writes: 'nothing' | 'anew' | 'added';
  readonly onMiss: OnMiss;
  /** What stood on disk. */
  readonly standing: Standing;
}

/** Opens a session: looks at what stands on disk, decides what its mode does, and plugs in the upstream of that. */
export function openSession(options: SessionOptions): Promise<OpenSession> {
  return options.waits === true ? openWaitingSession(options, openNow) : openNow(options);
}

async function openNow(options: SessionOptions): Promise<OpenSession> {
  const plan = await planFor(options);
  const { library, cassette } = options;
  const recording = plan.plays ? await library.load(cassette) : undefined;
  const take =
    plan.writes === 'nothing'
      ? undefined
      : await library.record(cassette, { adds: plan.writes === 'added' });
  const cursors = recording === undefined ? undefined : createCursors(recording);
  const drafts = take && createOpenDrafts(take);
  const parts = {
    options,
    plan,
    recording,
    cursors,
    take,
    drafts,
    next: recording?.interactions.length ?? 0,
  };
  const { upstream, resolver, settled } = plug(parts);
  const slowed = latency(upstream, options.latency);
  const spoilt = options.faults === undefined ? slowed : faulty(slowed, options.faults);
  const { journal, onFailure: onMissed } = options;
  return {
    name: cassette,
    upstream: journaled(spoilt, journal, plan.acts),
    ...(resolver && { resolver: journaledNames(resolver, { journal, mode: plan.acts, onMissed }) }),
    acts: plan.acts,
    records: take !== undefined,
    strict: plan.plays && plan.onMiss === 'fail',
    loaded: recording?.interactions.length ?? 0,
    file: recording?.file,
    digest: recording?.digest ?? null,
    unused: () => cursors?.unused() ?? 0,
    unfinished: () =>
      take === undefined ? recording?.unfinished === true : take.failure !== undefined,
    interactions: () => (recording?.interactions.length ?? 0) + (take?.recorded ?? 0),
    failure: () => take?.failure,
    close: async () => {
      if (take === undefined) return;
      await drafts?.settled();
      await settled?.();
      if (take.recorded > 0 || isWorthKeeping(options, plan)) await take.finish();
      else await take.discard();
    },
    discard: async () => take?.discard(),
  };
}

/**
 * Whether a take without a single interaction becomes a cassette. Nobody asked `auto` for an empty
 * one, which the next run would replay; and none takes the place of one that holds something.
 */
function isWorthKeeping({ mode }: SessionOptions, { standing }: Plan): boolean {
  return mode !== 'auto' && !isComplete(standing);
}

/** Whether a run replays and fails what it misses, so that nothing of it belongs on the network; `auto` looks what stands on disk. */
export async function staysOffline(
  { mode, onMiss }: Pick<SessionOptions, 'mode' | 'onMiss'>,
  look: () => Promise<Standing>,
): Promise<boolean> {
  return onMiss === 'fail' && (await willReplay({ mode }, look));
}

/** Whether a run replays, so that it has a use without a network; `auto` looks what stands on disk. */
export async function willReplay(
  { mode }: Pick<SessionOptions, 'mode'>,
  look: () => Promise<Standing>,
): Promise<boolean> {
  return mode === 'replay' || (mode === 'auto' && isComplete(await look()));
}

/** The two tables of the design: what each mode does with what stands on disk, and on a miss. */
async function planFor(options: SessionOptions): Promise<Plan> {
  const { mode, onMiss, library, cassette } = options;
  if (mode === 'passthrough') return passthrough;
  const standing = await library.look(cassette);
  switch (mode) {
    case 'record':
      return recordAnew(standing);
    case 'hybrid': {
      const plays = standing !== 'nothing';
      return { acts: 'hybrid', plays, writes: 'added', onMiss: 'record', standing };
    }
    case 'replay':
      return replaying(onMiss, standing);
    case 'auto':
      if (isComplete(standing)) return replaying(onMiss, standing);
      if (options.sealed === true) throw refusedSealed(options);
      if (options.ci) throw refusedInCi(options, standing);
      return recordAnew(standing);
  }
}

const passthrough: Plan = {
  acts: 'passthrough',
  plays: false,
  writes: 'nothing',
  onMiss: 'passthrough',
  standing: 'nothing',
};

function recordAnew(standing: Standing): Plan {
  return { acts: 'record', plays: false, writes: 'anew', onMiss: 'record', standing };
}

function replaying(onMiss: OnMiss, standing: Standing): Plan {
  const writes = onMiss === 'record' ? 'added' : 'nothing';
  return { acts: 'replay', plays: true, writes, onMiss, standing };
}

function isComplete(standing: Standing): boolean {
  return standing === 'complete' || standing === 'complete and unfinished';
}

function refusedSealed({ cassette }: SessionOptions): Failure {
  const words = `MAGNETO_SEAL=true, and there is no complete cassette named ${cassette} to replay`;
  return new Failure('SEAL_CONTRADICTED', words);
}

function refusedInCi({ cassette }: SessionOptions, standing: Standing): Failure {
  const what = standing === 'nothing' ? 'no cassette' : 'only an unfinished take';
  return new Failure('RECORDING_REFUSED_IN_CI', `there is ${what} named ${cassette}`);
}
