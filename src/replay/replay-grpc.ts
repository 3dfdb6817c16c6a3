import { hash } from 'node:crypto';
import type { Candidates, Entry } from '../cassette/cassette.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Cursors, Turn } from './cursors.ts';
import type { GrpcClient, GrpcComparing, GrpcSaid } from './grpc-client.ts';
import { grpcClient, recordedSaid } from './grpc-client.ts';
import type { GrpcPlayer } from './play-grpc.ts';
import { createGrpcPlayer, framed, messagesBeforeHead, recordedEnding } from './play-grpc.ts';

/** What the replay of a gRPC call needs. */
export interface GrpcReplay {
  readonly exchange: HttpExchange;
  readonly candidates: Candidates;
  readonly cursors: Cursors;
  readonly comparing: GrpcComparing;
  readonly strict: boolean;
  readonly onMismatch: (exchange: HttpExchange, failure: Failure) => void;
}

/**
 * The answer of a recorded gRPC call, or nothing where none fits. Chosen by what the client says
 * before the recorded servers begin to speak: of a unary or server-streaming call that is the whole
 * request; of a call in both directions its first message, for nothing more comes without an answer.
 */
export async function replayGrpc(replaying: GrpcReplay): Promise<Answer | undefined> {
  const { exchange, candidates, cursors, comparing } = replaying;
  const client = grpcClient(exchange, comparing);
  const count = openingLength(candidates);
  const said = await client.first(count);
  const digest = hash('sha256', said.map((one) => one.digest).join(), 'hex');
  const turn = cursors.next(`${candidates.key} ${count} ${digest}`, () =>
    fitting(candidates, said, comparing),
  );
  if (turn === undefined) {
    await client.release();
    return undefined;
  }
  return play(replaying, client, turn);
}

/** How much of what a client says decides: as much as came before the first head; one thing where some server waited at all. */
function openingLength(candidates: Candidates): number {
  const known = openings.get(candidates);
  if (known !== undefined) return known;
  let [least, most] = [Number.MAX_SAFE_INTEGER, 0];
  for (const { interaction } of candidates.entries) {
    const length = messagesBeforeHead(interaction);
    least = Math.min(least, length);
    most = Math.max(most, length);
  }
  const length = Math.max(least, Math.min(1, most));
  openings.set(candidates, length);
  return length;
}

/** What is known of candidates lasts as long as their recording. */
const openings = new WeakMap<Candidates, number>();

/** The entries whose client began likewise; those of a client that gave up before it had said so much come last. */
function fitting(
  { entries }: Candidates,
  said: readonly GrpcSaid[],
  comparing: GrpcComparing,
): readonly Entry[] {
  const fit = entries.filter(({ interaction }) => {
    const recorded = recordedSaid(interaction, comparing);
    return said.every(({ digest }, place) => (recorded[place]?.digest ?? digest) === digest);
  });
  const known = fit.filter(({ interaction }) => !gaveUpBefore(interaction, said.length));
  return known.length > 0 ? known : fit;
}

function gaveUpBefore({ ending, messages = [] }: Interaction, count: number): boolean {
  const isOver = 'by' in ending && ending.by === 'client';
  return isOver && messages.filter(({ from }) => from === 'client').length < count;
}

async function play(replaying: GrpcReplay, client: GrpcClient, turn: Turn): Promise<Answer> {
  const { exchange, comparing, strict } = replaying;
  const { interaction } = turn.entry;
  let mismatched = false;
  const player = createGrpcPlayer({
    interaction,
    exchange,
    strict,
    expected: recordedSaid(interaction, comparing),
    client: client.all(),
    onMismatch(failure) {
      mismatched = true;
      replaying.onMismatch(exchange, failure);
    },
  });
  const ended = await player.untilHead();
  const outcome: Outcome = turn.repeated ? 'repeated' : 'replayed';
  const rest = {
    outcome,
    interaction: interaction.id,
    delayMs: player.headDelayMs,
    truncated: interaction.truncated,
  };
  if (ended instanceof Failure) {
    const ending = { type: 'cut', by: 'server' } as const;
    return { body: undefined, ending, outcome: 'missed', failure: ended };
  }
  if (ended !== undefined) return { ...rest, body: undefined, ending: ended };
  return {
    ...rest,
    ...answerOf(interaction, player),
    get outcome() {
      return mismatched && strict ? 'missed' : rest.outcome;
    },
  };
}

/** The head, and what follows it: nothing, one message that is whole in memory, or a conversation. */
function answerOf(
  interaction: Interaction,
  player: GrpcPlayer,
): Pick<Answer, 'head' | 'body' | 'ending' | 'bodyDelayMs'> {
  const { response, messages = [], timing } = interaction;
  const ending = recordedEnding(interaction);
  if (response === undefined) return { body: undefined, ending };
  const { status, statusText, httpVersion, headers } = response;
  const head = { status, statusText, httpVersion, headers };
  const [message, ...more] = messages.slice(messagesBeforeHead(interaction));
  if (ending.type !== 'finished' || more.length > 0 || message?.from === 'client') {
    const { parts, ending: played } = player.rest();
    return { head, body: parts, ending: played };
  }
  if (message === undefined) return { head, body: undefined, ending };
  return {
    head,
    body: framed(message),
    ending,
    bodyDelayMs: Math.max(0, timing.endMs - (timing.headMs ?? 0)),
  };
}
