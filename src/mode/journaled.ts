import type { Body, Ending, Part, Parts } from '../exchange/conversation.ts';
import type { Destination } from '../exchange/destination.ts';
import { headerValue } from '../exchange/headers.ts';
import type { Exchange, StreamExchange } from '../exchange/exchange.ts';
import type { Answer, Outcome, Upstream } from '../exchange/upstream.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import { withBody, withChanges } from '../exchange/changes.ts';

/** An upstream whose exchanges are entered in the journal when they have ended. */
export function journaled(upstream: Upstream, journal: Journal, mode: string): Upstream {
  return {
    async offer(destination, hello) {
      const startedAt = performance.now();
      const offer = await upstream.offer(destination, hello);
      // A failed handshake is met again by the exchange inside, and entered there.
      if (offer.type === 'ended' && offer.ending.type !== 'tls') {
        journal.append(connectEntry({ destination, mode, startedAt, ...offer }));
      }
      return offer;
    },
    async open(exchange) {
      const sent = counted(exchange.body, (part) => {
        if (part.kind !== 'data') journal.message('client', part.kind);
      });
      const answer = await upstream.open(withSent(exchange, sent.body));
      const received = counted(answer.body, (part) => {
        if (part.kind !== 'data') journal.message('server', part.kind);
      });
      const isWebSocket = exchange.kind === 'websocket' && answer.head?.status === 101;
      if (isWebSocket) journal.webSocket(1);
      const enter = (ending: Ending): void => {
        if (isWebSocket) journal.webSocket(-1);
        journal.append(entryOf({ exchange, answer, mode, ending, sent, received }));
      };
      if (received.over === undefined && !(answer.ending instanceof Promise)) enter(answer.ending);
      // Neither rejects: an ending is traffic, and so is a body that breaks off.
      else void Promise.all([answer.ending, received.over]).then(([ending]) => enter(ending));
      return received.body === answer.body ? answer : withBody(answer, received.body);
    },
  };
}

interface Counted {
  readonly body: Body;
  readonly bytes: () => number;
  /** Of a body in parts: when nobody reads it any more. */
  readonly over?: Promise<void>;
}

function counted(body: Body, seen: (part: Part) => void): Counted {
  if (body === undefined) return { body, bytes: () => 0 };
  if (Buffer.isBuffer(body)) return { body, bytes: () => body.length };
  let bytes = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* pass(parts: Parts): Parts {
    try {
      for await (const part of parts) {
        bytes += part.bytes.length;
        seen(part);
        yield part;
      }
    } finally {
      resolve();
    }
  }
  return { body: pass(body), bytes: () => bytes, over: promise };
}

function withSent(exchange: Exchange, body: Body): Exchange {
  if (body === exchange.body) return exchange;
  return withChanges(exchange, { body });
}

function entryOf(ended: {
  readonly exchange: Exchange;
  readonly answer: Answer;
  readonly mode: string;
  readonly ending: Ending;
  readonly sent: Counted;
  readonly received: Counted;
}): Parameters<Journal['append']>[0] {
  const { exchange, answer, mode, ending, sent, received } = ended;
  const { startedAt, destination, kind, id } = exchange;
  const trace =
    exchange.kind === 'stream' ? undefined : headerValue(exchange.head.headers, 'traceparent');
  return {
    id,
    at: new Date(performance.timeOrigin + startedAt).toISOString(),
    kind,
    mode,
    outcome: answer.outcome,
    ...whereTo(destination),
    ...(exchange.kind === 'stream'
      ? untouchedOf(exchange)
      : { method: exchange.head.method, path: exchange.head.path }),
    ...(answer.head === undefined ? {} : { status: answer.head.status }),
    ms: millisecondsSince(startedAt),
    bytesIn: sent.bytes(),
    bytesOut: received.bytes(),
    ...(answer.failure === undefined ? {} : { failure: answer.failure.code }),
    ...(answer.fault === undefined ? {} : { fault: answer.fault }),
    ...(answer.interaction === undefined ? {} : { interaction: answer.interaction }),
    ...(answer.truncated === undefined ? {} : { truncated: answer.truncated }),
    ...(answer.range === undefined ? {} : { range: answer.range }),
    ending: ending.type,
    ...(trace === undefined ? {} : { trace }),
  };
}

function whereTo({
  host,
  port,
  secure,
  address,
  learnt,
}: Destination): Pick<JournalEntry, 'host' | 'port' | 'secure' | 'address' | 'learnt'> {
  return {
    host,
    port,
    secure,
    ...(address !== undefined && { address }),
    ...(learnt !== undefined && { learnt }),
  };
}

function untouchedOf({ untouched }: StreamExchange): Pick<JournalEntry, 'untouched'> {
  return untouched === undefined ? {} : { untouched };
}

let attempts = 0;

/** The entry of a connection that never came to be. */
function connectEntry(attempt: {
  readonly destination: Destination;
  readonly mode: string;
  readonly startedAt: number;
  readonly ending: Ending;
  readonly outcome?: Outcome;
}): Parameters<Journal['append']>[0] {
  attempts += 1;
  return {
    id: `c${attempts.toString(36)}`,
    at: new Date(performance.timeOrigin + attempt.startedAt).toISOString(),
    kind: 'connect',
    mode: attempt.mode,
    outcome: attempt.outcome ?? 'forwarded',
    method: 'CONNECT',
    ...whereTo(attempt.destination),
    ms: millisecondsSince(attempt.startedAt),
    bytesIn: 0,
    bytesOut: 0,
    ending: attempt.ending.type,
    // The one fault that an attempt to connect can meet.
    ...(attempt.outcome === 'faulted' && { fault: 'refuse' }),
  };
}

/** Milliseconds with three decimals. */
function millisecondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 1000) / 1000;
}
