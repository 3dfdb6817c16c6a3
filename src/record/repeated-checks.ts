import { hash } from 'node:crypto';
import { authorityOf } from '../exchange/destination.ts';
import { headerValue } from '../exchange/headers.ts';
import type { Interaction } from '../exchange/interaction.ts';

/** Writes an interaction. */
type Append = (interaction: Interaction) => Promise<void>;

/** The unary method of gRPC's health service (grpc.health.v1). */
const checkPath = '/grpc.health.v1.Health/Check';

/** So many different checks are told apart, and so many equal answers held back of each; the oldest go first. */
const checksMax = 1000;
const heldMax = 1000;

interface Check {
  readonly answer: string;
  readonly held: Interaction[];
}

/**
 * Holds back health checks that were answered as the one before: a probe of every second would fill a
 * cassette with them. They are written once an answer differs, so that it comes in its turn; at the end
 * of a take they are not, because a replay repeats the last answer.
 */
export function withoutRepeatedChecks(append: Append): Append {
  const checks = new Map<string, Check>();
  return async (interaction) => {
    const { kind, request } = interaction;
    if (kind !== 'grpc' || request.path !== checkPath) return append(interaction);
    const key = `${authorityOf(request.destination)} ${saidBy('client', interaction)}`;
    const known = checks.get(key);
    const answer = answerOf(interaction);
    if (known?.answer === answer) {
      if (known.held.length >= heldMax) known.held.shift();
      known.held.push(interaction);
      return undefined;
    }
    if (known !== undefined || checks.size < checksMax) checks.set(key, { answer, held: [] });
    for (const held of known?.held ?? []) await append(held);
    return append(interaction);
  };
}

/** Metadata is left out of it: a date or an id there is no other answer. */
function answerOf(interaction: Interaction): string {
  const { ending, response } = interaction;
  const trailers = ending.type === 'finished' ? ending.trailers : [];
  const status = headerValue([...trailers, ...(response?.headers ?? [])], 'grpc-status');
  const how = ending.type === 'finished' ? ending.type : JSON.stringify(ending);
  return `${response?.status} ${status} ${how} ${saidBy('server', interaction)}`;
}

function saidBy(side: 'client' | 'server', { messages = [] }: Interaction): string {
  const said = messages.filter(({ from }) => from === side);
  return said.map(({ kind, bytes }) => `${kind} ${hash('sha256', bytes, 'hex')}`).join();
}
