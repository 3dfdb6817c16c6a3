import type { Ending } from '../exchange/conversation.ts';
import type { Destination } from '../exchange/destination.ts';
import { isGrpc } from '../exchange/grpc.ts';
import type { Interaction } from '../exchange/interaction.ts';
import type { ClientHello, Upstream } from '../exchange/upstream.ts';
import type { RecordOptions } from './commit.ts';
import { asFailure, draftStart, interactionId, round } from './commit.ts';
import { Keeping } from './keeping.ts';
import { recordBody, recordFailed } from './record-body.ts';
import { recordGrpc } from './record-grpc.ts';
import { recordSession } from './record-session.ts';
import { recordStream } from './record-stream.ts';
import { recordUpgrade } from './record-upgrade.ts';
import { tapRequest } from './request-tap.ts';

export { asFailure } from './commit.ts';
export type { RecordOptions } from './commit.ts';
export { createOpenDrafts } from './open-drafts.ts';
export type { OpenDrafts } from './open-drafts.ts';
export { reflected } from './reflection.ts';
export { withoutRepeatedChecks } from './repeated-checks.ts';

/** An upstream that writes what the given one answers; the end of an answer leaves only after it was written. */
export function record(upstream: Upstream, options: RecordOptions): Upstream {
  return {
    async offer(destination, hello) {
      const startedAt = performance.now();
      const offer = await upstream.offer(destination, hello);
      if (offer.type === 'ended' && isConnectFailure(offer.ending, { destination, hello })) {
        const attempt = { destination, startedAt, ending: offer.ending };
        const written = await recordConnect(options, attempt);
        return { ...offer, outcome: written ? 'recorded' : 'failed' };
      }
      return offer;
    },
    async open(exchange) {
      if (exchange.kind === 'stream') {
        // What somebody wants to pass as it is, is not written; of the rest the receipt tells in any case.
        const isOurs = exchange.untouched === undefined || exchange.untouched === 'opaque';
        if (!options.recordsStreams || !isOurs) return upstream.open(exchange);
        return recordStream(upstream, options, exchange);
      }
      if (isGrpc(exchange.head.headers)) return recordGrpc(upstream, options, exchange);
      const sequence = options.nextSequence();
      const keeping = new Keeping(options, exchange, () => draftStart({ exchange, sequence, tap }));
      const tap = tapRequest(exchange, keeping);
      const answer = await upstream.open(tap.exchange);
      const headMs = performance.now() - exchange.startedAt;
      const recorded = { options, exchange, answer, tap, keeping, sequence, headMs };
      if (answer.failure !== undefined) return recordFailed(recorded);
      if (answer.framing !== 'raw') return recordBody(recorded);
      return exchange.kind === 'http' ? recordUpgrade(recorded) : recordSession(recorded);
    },
  };
}

/**
 * What the client meets before it can say anything. A handshake of TLS that failed, and with a client
 * that knows of a proxy also one that broke off, is met by the exchange inside.
 */
function isConnectFailure(
  ending: Ending,
  asked: { readonly destination: Destination; readonly hello: ClientHello | undefined },
): boolean {
  if (ending.type === 'reset' || ending.type === 'cut') {
    return asked.hello === undefined || asked.destination.address !== undefined;
  }
  return ending.type === 'refused' || ending.type === 'timedOut' || ending.type === 'dns';
}

interface Attempt {
  readonly destination: Destination;
  readonly startedAt: number;
  readonly ending: Ending;
}

async function recordConnect(
  options: RecordOptions,
  { destination: { host, port, secure }, startedAt, ending }: Attempt,
): Promise<boolean> {
  const destination = { host, port, secure };
  const sequence = options.nextSequence();
  const interaction: Interaction = {
    id: interactionId(sequence),
    kind: 'connect',
    startedAt: new Date(performance.timeOrigin + startedAt).toISOString(),
    sequence,
    request: { method: 'CONNECT', destination, path: '/', httpVersion: '1.1', headers: [] },
    timing: { endMs: round(performance.now() - startedAt) },
    ending,
  };
  try {
    await options.append(interaction);
    return true;
  } catch (error) {
    options.onUnrecorded({ destination }, asFailure(error));
    return false;
  }
}
