import { setTimeout } from 'node:timers/promises';
import { clientEnding } from '../exchange/client-left.ts';
import { finished } from '../exchange/conversation.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FaultEffect, FaultRule } from '../exchange/fault.ts';
import { headerValue } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { Answer, Upstream } from '../exchange/upstream.ts';
import { withChanges } from '../exchange/changes.ts';
import { draw } from './distribution.ts';
import type { BodyEffect } from './fault-body.ts';
import { spoil } from './fault-body.ts';
import { planFaults } from './fault-plan.ts';
import type { Wait } from './latency.ts';

/** Faults on purpose: whom they meet, and what makes them come again in the same places. */
export interface Faults {
  readonly rules: readonly FaultRule[];
  readonly seed: string;
}

/** An upstream that answers as the given one does, but for faults on purpose; without rules it is that one. */
export function faulty(
  upstream: Upstream,
  { rules, seed }: Faults,
  sleep: Wait = waitFor,
): Upstream {
  if (rules.length === 0) return upstream;
  const plan = planFaults(rules, seed);
  return {
    async offer(destination, hello) {
      if (!plan.refuses(destination)) return upstream.offer(destination, hello);
      return { type: 'ended', ending: { type: 'refused' }, outcome: 'faulted' };
    },
    async open(exchange) {
      const { effects: drawn, random } = plan.forExchange(exchange);
      const effects = drawn.filter((effect) => concerns(effect, exchange));
      if (effects.length === 0) return upstream.open(exchange);
      for (const effect of effects) {
        if (effect.type === 'latency') await sleep(draw(effect.of, random), exchange.signal);
      }
      const instead = await answerInstead(effects, exchange);
      if (instead !== undefined) return instead;
      return spoilt(effects, { upstream, exchange, sleep });
    },
  };
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  // A client that leaves ends the wait.
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}

/** The answer that takes the place of the real one, which is then not even asked for: no recorded answer is used up. */
async function answerInstead(
  effects: readonly FaultEffect[],
  exchange: Exchange,
): Promise<Answer | undefined> {
  for (const effect of effects) {
    const fault = { body: undefined, outcome: 'faulted', fault: effect.type } as const;
    switch (effect.type) {
      case 'refuse':
        return { ...fault, ending: { type: 'refused' } };
      case 'reset':
        if (effect.afterBytes === undefined) {
          return { ...fault, ending: { type: 'reset', by: 'server' } };
        }
        break;
      case 'rst':
        return { ...fault, ending: { type: 'reset', by: 'server', code: effect.code } };
      case 'goaway':
        return { ...fault, ending: { type: 'goaway', code: effect.code } };
      case 'timeout':
        await untilClientLeaves(exchange.signal);
        return { ...fault, ending: clientEnding(exchange.signal) };
      case 'status':
        return { ...fault, head: statusHead(effect.status), ending: finished };
      case 'grpc':
        return { ...fault, head: grpcHead(effect.status), ending: finished };
      default:
        break;
    }
  }
  return undefined;
}

/** What cannot be said to a client is no fault that it met. */
function concerns({ type }: FaultEffect, exchange: Exchange): boolean {
  if (type === 'grpc') return isGrpc(exchange);
  return type !== 'status' || exchange.kind !== 'stream';
}

function isGrpc(exchange: Exchange): boolean {
  if (exchange.kind !== 'http') return false;
  return (
    headerValue(exchange.head.headers, 'content-type')?.startsWith('application/grpc') === true
  );
}

function statusHead(status: number): ResponseHead {
  const headers = [
    ['Content-Length', '0'],
    ['X-Magneto-Fault', 'status'],
  ] as const;
  return { status, statusText: 'Fault On Purpose', headers, httpVersion: '1.1' };
}

/** A status without messages is all headers (Trailers-Only in gRPC's words). */
function grpcHead(status: number): ResponseHead {
  const headers = [
    ['content-type', 'application/grpc'],
    ['grpc-status', String(status)],
    ['grpc-message', 'a fault on purpose (MAGNETO_FAULTS)'],
    ['x-magneto-fault', 'grpc'],
  ] as const;
  return { status: 200, statusText: '', headers, httpVersion: '2.0' };
}

function untilClientLeaves(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

interface Spoiling {
  readonly upstream: Upstream;
  readonly exchange: Exchange;
  readonly sleep: Wait;
}

/** How long an answer that the client gets no more of is read on, in milliseconds. */
const readOnMsMax = 60_000;

async function spoilt(
  effects: readonly FaultEffect[],
  { upstream, exchange, sleep }: Spoiling,
): Promise<Answer> {
  const onBody = effects.filter(spoilsBody);
  const cuts = onBody.some(({ type }) => type === 'truncate' || type === 'reset');
  // The client goes because we cut it off; the server behind is not to see that, nor a recording. In
  // a conversation it does: a server that waits for its client would never end.
  const readsOn = cuts && exchange.kind === 'http' && exchange.upgraded === undefined;
  const asked = readsOn
    ? withChanges(exchange, { signal: AbortSignal.timeout(readOnMsMax) })
    : exchange;
  const answer = await upstream.open(asked);
  const names = effects.map(({ type }) => type).join(' ');
  if (onBody.length === 0 || answer.failure !== undefined) {
    return withChanges(answer, { fault: names });
  }
  const { body, ending } = spoil(onBody, {
    body: answer.body,
    ending: answer.ending,
    messages: answer.framing === 'messages',
    readsOn,
    wait: (ms) => sleep(ms, exchange.signal),
  });
  return withChanges(answer, { body, ending, fault: names });
}

function spoilsBody(effect: FaultEffect): effect is BodyEffect {
  switch (effect.type) {
    case 'truncate':
    case 'bandwidth':
    case 'slice':
    case 'slowclose':
      return true;
    case 'reset':
      return effect.afterBytes !== undefined;
    default:
      return false;
  }
}
