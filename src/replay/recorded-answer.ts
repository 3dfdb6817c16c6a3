import type { HttpExchange } from '../exchange/exchange.ts';
import type { Failure } from '../exchange/failure.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { Answer, Outcome } from '../exchange/upstream.ts';
import type { Turn } from './cursors.ts';
import { playUpgrade } from './play-upgrade.ts';
import { recordedBody } from './recorded-body.ts';

/** A turn of a session's cursors on its way to a client. */
export interface Answering extends Turn {
  readonly exchange: HttpExchange;
  readonly strict: boolean;
  readonly onMismatch: (exchange: HttpExchange, failure: Failure) => void;
}

/** The answer that an interaction holds. */
export function answerFrom(answering: Answering): Answer {
  const { entry, repeated, exchange } = answering;
  const { interaction } = entry;
  const { response, timing } = interaction;
  const outcome: Outcome = repeated ? 'repeated' : 'replayed';
  const rest = { outcome, interaction: interaction.id, delayMs: timing.headMs ?? timing.endMs };
  if (response === undefined) return { ...rest, ...recordedBody(interaction) };
  for (const { head } of response.informational ?? []) {
    // The 100 that let the client send its body was given before the body was read.
    if (head.status !== 100) exchange.inform(head);
  }
  const { status, statusText, httpVersion, headers } = response;
  const head = { status, statusText, httpVersion, headers };
  if (status === 101 && exchange.upgraded !== undefined) {
    return upgrade(answering, { ...rest, head });
  }
  return { ...rest, head, ...recordedBody(interaction) };
}

type Rest = Pick<Answer, 'head' | 'interaction' | 'delayMs' | 'outcome'>;

function upgrade(answering: Answering, rest: Rest): Answer {
  const { exchange, strict, entry } = answering;
  let mismatched = false;
  const { parts, ending } = playUpgrade({
    interaction: entry.interaction,
    exchange,
    strict,
    onMismatch(failure) {
      mismatched = true;
      answering.onMismatch(exchange, failure);
    },
  });
  return {
    ...rest,
    framing: 'raw',
    endDelayMs: pauseBeforeEnd(entry.interaction),
    truncated: entry.interaction.truncated,
    body: parts,
    ending,
    get outcome() {
      return mismatched && strict ? 'missed' : rest.outcome;
    },
  };
}

/** What passed between what was said last and the end; a client that ended it takes its own time. */
export function pauseBeforeEnd({ ending, timing, messages = [] }: Interaction): number {
  if ('by' in ending && ending.by === 'client') return 0;
  return Math.max(0, timing.endMs - (messages.at(-1)?.atMs ?? timing.headMs ?? 0));
}
