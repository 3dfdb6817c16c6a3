import type { RecordedMessage } from '../exchange/interaction.ts';

/** When messages of the server go: after the client's before them, at their times, or when told to. */
export type WebSocketPolicy = 'synchronized' | 'timed' | 'triggered';

/** A session that is being replayed, as the control plane shows it. */
export interface StagedSession {
  /** As in the log and the journal. */
  readonly id: string;
  readonly url: string;
  /** Id of the interaction; null until its client has said what tells it from others. */
  readonly interaction: string | null;
  readonly policy: WebSocketPolicy;
  /** Messages that there are, and the place of the next. */
  readonly messages: number;
  readonly place: number;
  /** The next message; null where only the end is left. */
  readonly next: NextMessage | null;
}

/** A message that comes next, without what it says. */
export interface NextMessage {
  readonly from: RecordedMessage['from'];
  readonly kind: RecordedMessage['kind'];
  readonly atMs: number;
  readonly bytes: number;
}

/** A session with what its next message says, cut at 4 KiB. */
export interface PeekedSession extends StagedSession {
  readonly text?: string;
  readonly base64?: string;
}

/** What is told of a session that is asked to go on. */
export type Advanced = PeekedSession | 'unknown' | 'not triggered';

/** The sessions that are being replayed, and what can be done with them from outside. */
export interface Stage {
  /** The first thousand, and how many there are. */
  readonly list: () => { readonly sessions: readonly StagedSession[]; readonly count: number };
  readonly peek: (id: string) => PeekedSession | undefined;
  /** Releases the next message of the server, or the end, under `triggered`. */
  readonly advance: (id: string) => Advanced;
  /** Begins the sessions of a URL anew, or all; tells how many recorded sessions that were. */
  readonly reset: (url?: string) => number;
  /** Takes part in `reset`. */
  readonly onReset: (reset: (url?: string) => number) => void;
  readonly enter: (playing: Entering) => Slot;
}

/** A session that begins to be replayed. */
export interface Entering {
  readonly id: string;
  readonly url: string;
  readonly policy: WebSocketPolicy;
}

/** A session's place on the stage. */
export interface Slot {
  /** What is played is known. */
  readonly plays: (interaction: string, messages: readonly RecordedMessage[]) => void;
  readonly reached: (place: number) => void;
  /** Resolves when the next message may go, under `triggered`. */
  readonly turn: () => Promise<void>;
  readonly leave: () => void;
}

const listedMax = 1_000;
const peekBytesMax = 4_096;

interface Played extends Entering {
  interaction: string | null;
  messages: readonly RecordedMessage[];
  place: number;
  /** Advances that no message has used yet. */
  credit: number;
  wake: (() => void) | undefined;
}

/** Makes an empty stage. */
export function createStage(): Stage {
  const playing = new Map<string, Played>();
  const resets: ((url?: string) => number)[] = [];
  const peek = (id: string): PeekedSession | undefined => {
    const one = playing.get(id);
    return one === undefined ? undefined : { ...staged(one), ...saidNext(one) };
  };
  return {
    list: () => {
      const first = [...playing.values().take(listedMax)];
      return { sessions: first.map(staged), count: playing.size };
    },
    peek,
    advance(id) {
      const one = playing.get(id);
      if (one === undefined) return 'unknown';
      if (one.policy !== 'triggered') return 'not triggered';
      one.credit += 1;
      one.wake?.();
      return peek(id) ?? 'unknown';
    },
    reset: (url) => resets.reduce((sum, reset) => sum + reset(url), 0),
    onReset: (reset) => void resets.push(reset),
    enter(entering) {
      const one: Played = {
        ...entering,
        interaction: null,
        messages: [],
        place: 0,
        credit: 0,
        wake: undefined,
      };
      playing.set(entering.id, one);
      return slotOf(one, () => playing.delete(entering.id));
    },
  };
}

function slotOf(one: Played, leave: () => void): Slot {
  return {
    plays(interaction, messages) {
      one.interaction = interaction;
      one.messages = messages;
    },
    reached(place) {
      one.place = place;
    },
    async turn() {
      if (one.credit === 0) {
        await new Promise<void>((resolve) => {
          one.wake = resolve;
        });
      }
      one.wake = undefined;
      one.credit -= 1;
    },
    leave,
  };
}

function staged(one: Played): StagedSession {
  const { id, url, interaction, policy, messages, place } = one;
  const next = messages[place];
  return {
    id,
    url,
    interaction,
    policy,
    messages: messages.length,
    place,
    next:
      next === undefined
        ? null
        : { from: next.from, kind: next.kind, atMs: next.atMs, bytes: next.bytes.length },
  };
}

function saidNext({ messages, place }: Played): Pick<PeekedSession, 'text' | 'base64'> {
  const next = messages[place];
  if (next === undefined) return {};
  const bytes = next.bytes.subarray(0, peekBytesMax);
  return next.kind === 'text' ? { text: bytes.toString() } : { base64: bytes.toString('base64') };
}
