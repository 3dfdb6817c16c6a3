import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { clientEnding } from '../exchange/client-left.ts';
import type { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { mismatchFailure, mismatchReason } from './mismatch.ts';
import type { Mismatch, Released, Sequence } from './sequence.ts';
import { playSequence } from './sequence.ts';

/** A recorded WebSocket session on its way to a client. */
export interface Playing {
  readonly interaction: Interaction;
  readonly exchange: Exchange;
  /** Strict: a client message unlike the recorded one ends the session with close 1008. */
  readonly strict: boolean;
  readonly onMismatch: (failure: Failure) => void;
}

/** What a player says, and how it ended. */
export interface Played {
  readonly parts: Parts;
  readonly ending: Promise<Ending>;
}

/** Plays the server's side of a recorded WebSocket session. */
export function play(playing: Playing): Played {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  return { parts: conversation(playing, resolve), ending: promise };
}

async function* conversation(playing: Playing, settle: (ending: Ending) => void): Parts {
  const { interaction, exchange } = playing;
  const recorded = recordedEnding(interaction);
  let ending: Ending | undefined;
  const refuse = (refusal: Ending): void => {
    ending = refusal;
  };
  try {
    const steps = playSequence(sequenceOf(playing, recorded, refuse));
    let step = await steps.next();
    for (; step.done !== true; step = await steps.next()) {
      const part = partOf(step.value);
      if (part !== undefined) yield part;
    }
    if (step.value === 'over') ending = recorded;
  } finally {
    // Unknown where the client had gone, or the reader stopped because of that.
    settle(ending ?? clientEnding(exchange.signal));
  }
}

/**
 * How a recorded session ended; one that is not whole is cut where the recording stops. Where the
 * server closed because the client sent what is no frame, that is waited for: the framing then does
 * as the server did.
 */
function recordedEnding({ truncated, ending }: Interaction): Ending {
  if (truncated === undefined) return ending;
  const byServer = ending.type === 'closed' && ending.by === 'server';
  return { type: 'cut', by: truncated === 'malformed' && byServer ? 'client' : 'server' };
}

function sequenceOf(
  { interaction, exchange, strict, onMismatch }: Playing,
  recorded: Ending,
  refuse: (refusal: Ending) => void,
): Sequence {
  const client = clientMessages(exchange);
  return {
    messages: interaction.messages ?? [],
    headMs: interaction.timing.headMs ?? 0,
    hear: async () => {
      const { value } = await client.next();
      return value ?? undefined;
    },
    matches: (expected, got) => expected.kind === got.kind && expected.bytes.equals(got.bytes),
    counts: ({ kind }) => kind !== 'ping' && kind !== 'pong',
    mismatched(mismatch) {
      onMismatch(mismatchFailure(mismatch));
      if (strict) refuse(refusalOf(mismatch));
      return strict;
    },
    clientEnds: recorded.type === 'closed' && recorded.by === 'client',
  };
}

/** A message as a part of the answer. Pongs answer this client's pings, not the recorded one's: the framing sends them. */
function partOf({ message: { atMs, kind, bytes }, delayMs }: Released): Part | undefined {
  if (kind === 'pong' || kind === 'end' || kind === 'message') return undefined;
  return { atMs, kind, bytes, delayMs };
}

/** The client's messages without its pings and pongs, which never gate or fail a replay. */
async function* clientMessages(exchange: Exchange): AsyncGenerator<Part, void> {
  if (exchange.body === undefined || Buffer.isBuffer(exchange.body)) return;
  for await (const part of exchange.body) {
    if (part.kind === 'text' || part.kind === 'binary') yield part;
  }
}

/** What a close frame can carry besides its code (RFC 6455, 5.5). */
const closeReasonBytesMax = 123;

function refusalOf(mismatch: Mismatch): Ending {
  const reason = mismatchReason(mismatch, closeReasonBytesMax);
  return { type: 'closed', by: 'server', code: 1008, reason };
}
