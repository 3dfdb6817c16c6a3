import { once } from 'node:events';
import type { Ending, Parts } from '../exchange/conversation.ts';
import { clientEnding } from '../exchange/client-left.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import { grpcTrailers } from '../exchange/grpc.ts';
import type { Interaction, RecordedMessage } from '../exchange/interaction.ts';
import { grpcFrame } from '../support/grpc-frames.ts';
import type { GrpcSaid } from './grpc-client.ts';

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

/** Makes the player of one call. */
export function createGrpcPlayer(playing: GrpcPlaying): GrpcPlayer {
  const { interaction } = playing;
  const { messages = [], timing } = interaction;
  const head = messagesBeforeHead(interaction);
  const follow = follower(playing);
  const { headMs = timing.endMs } = timing;
  return {
    headDelayMs: Math.max(0, headMs - (messages[head - 1]?.atMs ?? 0)),
    async untilHead() {
      for (const message of messages.slice(0, head)) {
        const ended = message.from === 'client' ? await follow() : undefined;
        if (ended !== undefined) return ended;
      }
      return undefined;
    },
    rest() {
      const { promise, resolve } = Promise.withResolvers<Ending>();
      const parts = conversation(playing, { messages: messages.slice(head), follow }, resolve);
      return { parts, ending: promise };
    },
  };
}

/** Reads what the client says next, and compares it; a failure or an ending where the call cannot go on. */
type Follow = () => Promise<Failure | Ending | undefined>;

function follower(playing: GrpcPlaying): Follow {
  let place = 0;
  return async () => {
    const got = await playing.client.next();
    if (got.done === true) return clientEnding(playing.exchange.signal);
    const expected = playing.expected[place];
    place += 1;
    if (expected?.digest === got.value.digest) return undefined;
    const words = `what the client said ${place}: expected ${inWords(expected)}, got ${inWords(got.value)}`;
    const failure = new Failure('SEQUENCE_MISMATCH', words);
    playing.onMismatch(failure);
    return playing.strict ? failure : undefined;
  };
}

function inWords(said: GrpcSaid | undefined): string {
  if (said === undefined || said.kind === 'end') return 'its end';
  return `a message of ${said.bytes.length} bytes (${said.digest.slice(-64, -52)})`;
}

async function* conversation(
  { interaction, exchange }: GrpcPlaying,
  { messages, follow }: { readonly messages: readonly RecordedMessage[]; readonly follow: Follow },
  settle: (ending: Ending) => void,
): Parts {
  let ending: Ending | undefined;
  let previousMs = interaction.timing.headMs ?? 0;
  try {
    for (const message of messages) {
      const { atMs, from } = message;
      if (from === 'client') {
        const ended = await follow();
        if (ended !== undefined) {
          ending = ended instanceof Failure ? refused(ended) : ended;
          return;
        }
      } else {
        yield { atMs, kind: 'data', bytes: framed(message), delayMs: atMs - previousMs };
      }
      previousMs = atMs;
    }
    const delayMs = interaction.timing.endMs - previousMs;
    // Only `latency` looks at it: the pause before the trailing metadata.
    if (delayMs > 0) yield { atMs: previousMs, kind: 'data', bytes: Buffer.alloc(0), delayMs };
    ending = recordedEnding(interaction);
    if ('by' in ending && ending.by === 'client') ending = await untilClientLeaves(exchange.signal);
  } finally {
    // Unknown only where the reader stopped, because the client had gone.
    settle(ending ?? clientEnding(exchange.signal));
  }
}

function refused(failure: Failure): Ending {
  return { type: 'finished', trailers: grpcTrailers(failure) };
}

function framed({ kind, bytes, compressed = false }: RecordedMessage): Buffer {
  return grpcFrame({ kind: kind === 'message' ? 'message' : 'data', bytes, compressed });
}

/** A client that left a call does so again: its deadline is its own. */
async function untilClientLeaves(signal: AbortSignal): Promise<Ending> {
  if (!signal.aborted) await once(signal, 'abort');
  return clientEnding(signal);
}
