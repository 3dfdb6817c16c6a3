import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry } from '../cassette/cassette.ts';
import type { Ending } from '../exchange/conversation.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { beganAt } from '../exchange/interaction.ts';
import { matchesMessage } from './message-match.ts';
import { mismatchFailure, mismatchReason } from './mismatch.ts';
import type { Playing } from './play.ts';
import type { Mismatch, Sequence } from './sequence.ts';
import type { StandIns } from './stand-ins.ts';

/** One session being played, from where its client is known. */
export interface Scene {
  readonly sequence: Omit<Sequence, 'hear'>;
  readonly recorded: Ending;
  /** How the client was refused, where it was. */
  readonly refusal: () => Ending | undefined;
  readonly leave: () => void;
}

/** Where a session begins to be played. */
export interface Setting {
  readonly entry: Entry;
  /** What comes before it has gone out already. */
  readonly place: number;
  readonly standIns: StandIns;
}

/** Sets up a session for its client: what is compared, what waits for what, and how it ends. */
export function createScene(playing: Playing, setting: Setting): Scene {
  const { ensemble, exchange, strict, onMismatch, slot } = playing;
  const { entry, place: begin } = setting;
  const { interaction } = entry;
  const messages = interaction.messages ?? [];
  const recorded = recordedEnding(interaction);
  const peer = ensemble.peers.enter(entry.place);
  let refusal: Ending | undefined;
  slot.plays(interaction.id, messages);
  return {
    recorded,
    refusal: () => refusal,
    leave: peer.leave,
    sequence: {
      messages: messages.slice(begin),
      headMs: messages[begin - 1]?.atMs ?? interaction.timing.headMs ?? 0,
      matches: comparison(playing, setting),
      counts: ensemble.counts,
      mismatched(mismatch) {
        onMismatch(mismatchFailure(mismatch));
        if (strict) refusal = refusalOf(mismatch);
        return strict;
      },
      heard: peer.heard,
      reached: (place) => slot.reached(place + begin),
      clientEnds:
        (recorded.type === 'closed' && recorded.by === 'client') || brokenByClient(interaction),
      ...gates(playing, interaction, (place) => peer.turnOf(place + begin, exchange.signal)),
    },
  };
}

/** What holds back the server, by the policy. */
function gates(
  { ensemble, slot, exchange }: Playing,
  { timing }: Interaction,
  turnOf: (place: number) => Promise<void> | undefined,
): Pick<Sequence, 'gate' | 'endGate' | 'inStep'> {
  switch (ensemble.policy) {
    case 'synchronized':
      return { gate: (_message, place) => turnOf(place) };
    case 'triggered':
      return { inStep: false, gate: slot.turn, endGate: slot.turn };
    case 'timed': {
      const zero = performance.now() - (timing.headMs ?? 0) * ensemble.pace;
      const due = (atMs: number): Promise<void> | undefined =>
        waitUntil(zero + atMs * ensemble.pace, exchange.signal);
      return { inStep: false, gate: ({ atMs }) => due(atMs), endGate: () => due(timing.endMs) };
    }
  }
}

async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
  const ms = time - performance.now();
  // A client that leaves ends the wait; what follows then meets a closed socket.
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
}

function comparison({ ensemble }: Playing, { entry, standIns }: Setting): Sequence['matches'] {
  const { values, ignore } = ensemble;
  const startedAt = beganAt(entry.interaction);
  return (expected, got) => {
    const recordedAt = startedAt + expected.atMs;
    const trial = () =>
      standIns.trial({
        recordedAt,
        given: values.saidBefore,
        echoed: (value) => values.saidAfter(value, recordedAt),
      });
    return matchesMessage(expected, got, { ignore, trial });
  };
}

/** How a recorded session ended; one that is not whole is cut where the recording stops. */
function recordedEnding(interaction: Interaction): Ending {
  const { truncated, ending } = interaction;
  if (truncated === undefined) return ending;
  return { type: 'cut', by: brokenByClient(interaction) ? 'client' : 'server' };
}

/** Whether the client sent what is no frame and the server closed over it: this one is waited for to do so, too. */
function brokenByClient({ truncated, ending }: Interaction): boolean {
  return truncated === 'malformed' && ending.type === 'closed' && ending.by === 'server';
}

/** What a close frame can carry besides its code (RFC 6455, 5.5). */
const closeReasonBytesMax = 123;

function refusalOf(mismatch: Mismatch): Ending {
  const reason = mismatchReason(mismatch, closeReasonBytesMax);
  return { type: 'closed', by: 'server', code: 1008, reason };
}
