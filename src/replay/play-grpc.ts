import { once } from 'node:events';
import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import { clientEnding } from '../exchange/client-left.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import { grpcTrailers } from '../exchange/grpc.ts';
import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import { grpcFrame } from '../support/grpc-frames.ts';
import type { GrpcSaid } from './grpc-client.ts';
import { mismatchFailure } from './mismatch.ts';
import type { Released, Sequence } from './sequence.ts';
import { playSequence } from './sequence.ts';

/** A recorded gRPC call on its way to a client. */
export interface GrpcPlaying {
  readonly interaction: Interaction;
  readonly exchange: HttpExchange;
  /** What the recorded client said, and what this one does. */
  readonly expected: readonly GrpcSaid[];
  readonly client: AsyncGenerator<GrpcSaid, void>;
  /** Strict: a message unlike the recorded one ends the call. */
  readonly strict: boolean;
  readonly onMismatch: (failure: Failure) => void;
}

/** Plays the server's side of a call. */
export interface GrpcPlayer {
  /** Waits for what the client said before the head came; how the call ended instead, where it did. */
  readonly untilHead: () => Promise<Failure | Ending | undefined>;
  /** Messages as they were recorded, each once the client has said what came before it. */
  readonly rest: () => { readonly parts: Parts; readonly ending: Promise<Ending> };
  /** Milliseconds between what was said last and the head. */
  readonly headDelayMs: number;
}

/** How many messages stand before the head of a recorded call; all of them where it had none. */
export function messagesBeforeHead({ messages = [], response, timing }: Interaction): number {
  if (response === undefined) return messages.length;
  const { headMs = 0 } = timing;
  const place = messages.findIndex(({ from, atMs }) => from === 'server' || atMs > headMs);
  return place === -1 ? messages.length : place;
}

/** How a recorded call ended, as far as it is known. */
export function recordedEnding({ ending, truncated }: Interaction): Ending {
  return truncated === undefined ? ending : { type: 'cut', by: 'server' };
}

/** The bytes of a recorded message on the wire. */
export function framed({ kind, bytes, compressed = false }: RecordedMessage): Buffer {
  return grpcFrame({ kind: kind === 'message' ? 'message' : 'data', bytes, compressed });
}

/** Makes the player of one call: what was said before its head, and after it. */
export function createGrpcPlayer(playing: GrpcPlaying): GrpcPlayer {
  const { messages = [], timing } = playing.interaction;
  const head = messagesBeforeHead(playing.interaction);
  const [before, after] = [messages.slice(0, head), messages.slice(head)];
  const { headMs = timing.endMs } = timing;
  return {
    headDelayMs: Math.max(0, headMs - (before.at(-1)?.atMs ?? 0)),
    async untilHead() {
      const { steps, ended } = begin(playing, before, 0);
      const { value } = await steps.next();
      return value === 'over' ? undefined : ended();
    },
    rest() {
      const { promise, resolve } = Promise.withResolvers<Ending>();
      return {
        parts: conversation(playing, begin(playing, after, head), resolve),
        ending: promise,
      };
    },
  };
}

/** A sequence that was begun, and why it ended early, once it has. */
interface Begun {
  readonly steps: AsyncGenerator<Released, unknown>;
  readonly ended: () => Failure | Ending;
}

/** Plays some messages, of which so many stand before the first. */
function begin(playing: GrpcPlaying, messages: readonly RecordedMessage[], first: number): Begun {
  const { interaction, exchange, strict, onMismatch } = playing;
  const all = interaction.messages ?? [];
  const client = all.filter(({ from }) => from === 'client');
  const expected = new Map(client.map((message, place) => [message, playing.expected[place]]));
  const skipped = all.slice(0, first).filter(({ from }) => from === 'client').length;
  let heard: GrpcSaid | undefined;
  let failure: Failure | undefined;
  const sequence: Sequence = {
    messages,
    headMs: interaction.timing.headMs ?? 0,
    hear: async () => (heard = (await playing.client.next()).value ?? undefined),
    matches: (message) => expected.get(message)?.digest === heard?.digest,
    mismatched(mismatch) {
      failure = mismatchFailure({ ...mismatch, place: mismatch.place + skipped });
      onMismatch(failure);
      return strict;
    },
  };
  return {
    steps: playSequence(sequence),
    ended: () => failure ?? clientEnding(exchange.signal),
  };
}

async function* conversation(
  { interaction, exchange }: GrpcPlaying,
  { steps, ended }: Begun,
  settle: (ending: Ending) => void,
): Parts {
  let ending: Ending | undefined;
  try {
    let step = await steps.next();
    for (; step.done !== true; step = await steps.next()) yield partOf(step.value);
    if (step.value !== 'over') {
      const early = ended();
      ending = early instanceof Failure ? refused(early) : early;
      return;
    }
    const pause = pauseBeforeEnd(interaction);
    if (pause !== undefined) yield pause;
    ending = recordedEnding(interaction);
    if ('by' in ending && ending.by === 'client') ending = await untilClientLeaves(exchange.signal);
  } finally {
    // Unknown only where the reader stopped, because the client had gone.
    settle(ending ?? clientEnding(exchange.signal));
  }
}

function partOf({ message, delayMs }: Released): Part {
  return { atMs: message.atMs, kind: 'data', bytes: framed(message), delayMs };
}

/** Only `latency` looks at it: the pause before the trailing metadata. */
function pauseBeforeEnd({ messages = [], timing }: Interaction): Part | undefined {
  const atMs = messages.at(-1)?.atMs ?? timing.headMs ?? 0;
  const delayMs = timing.endMs - Math.max(atMs, timing.headMs ?? 0);
  return delayMs > 0 ? { atMs, kind: 'data', bytes: Buffer.alloc(0), delayMs } : undefined;
}

function refused(failure: Failure): Ending {
  return { type: 'finished', trailers: grpcTrailers(failure) };
}

/** A client that left a call does so again: its deadline is its own. */
async function untilClientLeaves(signal: AbortSignal): Promise<Ending> {
  if (!signal.aborted) await once(signal, 'abort');
  return clientEnding(signal);
}
