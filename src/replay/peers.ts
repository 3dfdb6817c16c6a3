import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import type { Cause } from './causes.ts';
import { createCauses } from './causes.ts';

/** What exchanges of one recording know of each other: who has come how far. */
export interface Peers {
  /** A session that begins to be played, by its place in the recording. */
  readonly enter: (place: number) => Peer;
  /** A request was answered from the recording. */
  readonly served: (place: number) => void;
}

/** A session that is being played. */
export interface Peer {
  /** Its client said the message with this ordinal. */
  readonly heard: (ordinal: number) => void;
  /**
   * Waits until what a message of the server came of has happened on other connections as well;
   * nothing where there is nothing to wait for.
   */
  readonly turnOf: (messagePlace: number, signal: AbortSignal) => Promise<void> | undefined;
  readonly leave: () => void;
}

/** How long a message of the server waits at most. */
export interface Patience {
  /** For a client that is there, but has not said it. */
  readonly presentMs: number;
  /** For one that has not come: altogether, for all messages of a session. */
  readonly absentMs: number;
}

const usualPatience: Patience = { presentMs: 30_000, absentMs: 3_000 };

/** One playing of an interaction: the n-th waits for the n-th of others. */
interface Turn {
  ordinal: number;
  over: boolean;
  /** The turn whose client it waits for. */
  waitsFor: Turn | undefined;
  readonly wake: Set<() => void>;
}

interface Turns {
  /** How many there were. */
  count: number;
  /** The latest, by number. */
  readonly latest: Map<number, Turn>;
  readonly wake: Set<() => void>;
}

const turnsKept = 64;

/** Makes the peers of one recording. `counts`: which messages of clients are compared. */
export function createPeers(
  interactions: readonly Interaction[],
  counts: (message: RecordedMessage) => boolean,
  patience: Patience = usualPatience,
): Peers {
  const causes = createCauses(interactions, counts);
  const all = new Map<number, Turns>();
  const turnsOf = (place: number): Turns => {
    const known = all.get(place) ?? { count: 0, latest: new Map(), wake: new Set() };
    all.set(place, known);
    return known;
  };
  return {
    served: (place) => void begin(turnsOf(place), true),
    enter(place) {
      const turns = turnsOf(place);
      const round = turns.count;
      const turn = begin(turns, false);
      const wait = createWait({ turn, round, turnsOf, patience });
      return {
        heard(ordinal) {
          turn.ordinal = ordinal;
          wakeAll(turn.wake);
        },
        turnOf(messagePlace, signal) {
          const found = causes.of(place, messagePlace);
          return found.length === 0 ? undefined : wait(found, signal);
        },
        leave() {
          turn.over = true;
          wakeAll(turn.wake);
        },
      };
    },
  };
}

function begin(turns: Turns, over: boolean): Turn {
  const turn: Turn = { ordinal: -1, over, waitsFor: undefined, wake: new Set() };
  turns.latest.set(turns.count, turn);
  turns.latest.delete(turns.count - turnsKept);
  turns.count += 1;
  wakeAll(turns.wake);
  return turn;
}

interface Waiting {
  readonly turn: Turn;
  readonly round: number;
  readonly turnsOf: (place: number) => Turns;
  readonly patience: Patience;
}

/** Waits for causes, one after the other; who never came is waited for no longer each time. */
function createWait({
  turn,
  round,
  turnsOf,
  patience,
}: Waiting): (causes: readonly Cause[], signal: AbortSignal) => Promise<void> {
  let absentMs = patience.absentMs;
  return async (causes, signal) => {
    for (const { place, ordinal } of causes) {
      const turns = turnsOf(place);
      const since = performance.now();
      await until(turns.wake, () => turns.count > round, { ms: absentMs, signal });
      absentMs = Math.max(0, absentMs - (performance.now() - since));
      const other = turns.latest.get(round);
      if (other === undefined || waitsForEachOther(other, turn)) continue;
      turn.waitsFor = other;
      const came = (): boolean => other.over || other.ordinal >= ordinal;
      await until(other.wake, came, { ms: patience.presentMs, signal });
      turn.waitsFor = undefined;
    }
  };
}

/** Whether one waits, directly or by others, for the other: who waits too would wait for ever. */
function waitsForEachOther(other: Turn, turn: Turn): boolean {
  let next: Turn | undefined = other;
  for (const seen = new Set<Turn>(); next !== undefined && !seen.has(next); next = next.waitsFor) {
    if (next === turn) return true;
    seen.add(next);
  }
  return false;
}

/** Waits until a condition holds, which may have come to whenever it is woken; or so long, or until the signal. */
async function until(
  wake: Set<() => void>,
  holds: () => boolean,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<void> {
  if (holds() || signal.aborted || ms <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (holds()) resolve();
  };
  const timer = setTimeout(resolve, ms).unref();
  const gone = (): void => resolve();
  signal.addEventListener('abort', gone, { once: true });
  wake.add(look);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', gone);
    wake.delete(look);
  }
}

function wakeAll(waiting: ReadonlySet<() => void>): void {
  for (const wake of waiting) wake();
}
