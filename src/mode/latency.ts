import { setTimeout } from 'node:timers/promises';
import type { Parts } from '../exchange/conversation.ts';
import type { Answer, Upstream } from '../exchange/upstream.ts';
import { withBody } from '../exchange/changes.ts';

/** How long a replay waits: not at all, as recorded, always the same milliseconds, or a percentage of what was recorded. */
export type Latency =
  | { readonly type: 'none' }
  | { readonly type: 'recorded' }
  | { readonly type: 'fixed'; readonly ms: number }
  | { readonly type: 'scaled'; readonly percent: number };

/** Waits so many milliseconds, or until the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** An upstream that answers with the latency asked for: before the head, each message and piece of a stream, and the end. */
export function latency(upstream: Upstream, policy: Latency, sleep: Wait = sleepFor): Upstream {
  if (policy.type === 'none') return upstream;
  const wait: Wait = async (recordedMs, signal) => {
    const ms = pause(policy, recordedMs);
    if (ms > 0) await sleep(ms, signal);
  };
  return {
    async offer(destination, hello) {
      const offer = await upstream.offer(destination, hello);
      if (offer.type === 'ended') await wait(offer.delayMs ?? 0, never);
      return offer;
    },
    async open(exchange) {
      const answer = await upstream.open(exchange);
      if (answer.outcome !== 'replayed' && answer.outcome !== 'repeated') return answer;
      await wait(answer.delayMs ?? 0, exchange.signal);
      return slowed(answer, (ms) => wait(ms ?? 0, exchange.signal), policy);
    },
  };
}

/** An attempt to connect is waited for in any case. */
const never = new AbortController().signal;

async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  // A client that leaves ends the wait; what follows then meets a closed socket.
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}

function pause(policy: Exclude<Latency, { type: 'none' }>, recordedMs: number): number {
  switch (policy.type) {
    case 'recorded':
      return recordedMs;
    case 'fixed':
      return policy.ms;
    case 'scaled':
      return (recordedMs * policy.percent) / 100;
  }
}

function slowed(
  answer: Answer,
  wait: (recordedMs: number | undefined) => Promise<void>,
  policy: Latency,
): Answer {
  // A fixed delay is for the head of a response, and for each message of a WebSocket or of a stream;
  // where a file was read, or the network cut a download, is no message.
  const fixed = policy.type === 'fixed';
  if (fixed && answer.framing !== 'messages' && answer.streamed !== true) return answer;
  const parts = timedParts(answer);
  if (parts === undefined) return answer;
  const { endDelayMs } = answer;
  async function* delayed(timed: Parts): Parts {
    for await (const part of timed) {
      // A piece that its file gave in two halves is waited for once.
      if (part.delayMs !== undefined || answer.streamed !== true) await wait(part.delayMs);
      yield part;
    }
    // The end of a stream is no message of it; a close is one.
    if (endDelayMs !== undefined && !(fixed && answer.streamed === true)) await wait(endDelayMs);
  }
  return withBody(answer, delayed(parts));
}

/** The parts of an answer's body; a body whole in memory becomes one part, due when it had come to its end. */
function timedParts({ body, bodyDelayMs = 0 }: Answer): Parts | undefined {
  if (!Buffer.isBuffer(body)) return body;
  if (bodyDelayMs === 0) return undefined;
  async function* whole(bytes: Buffer): Parts {
    yield { atMs: bodyDelayMs, kind: 'data', bytes, delayMs: bodyDelayMs };
  }
  return whole(body);
}
