import type { Body, Part } from '../exchange/conversation.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FailureCode } from '../exchange/failure.ts';
import { isGrpc } from '../exchange/grpc.ts';
import type { Answer, Upstream } from '../exchange/upstream.ts';
import { isRereadable, rereadable } from '../support/rereadable.ts';
import { withChanges } from '../exchange/changes.ts';

/** Asks the first upstream, and the second where the first has nothing recorded: a miss is all that falls through. */
export function either(first: Upstream, second: Upstream): Upstream {
  return {
    async offer(destination, hello) {
      const offer = await first.offer(destination, hello);
      return offer.type === 'unknown' ? second.offer(destination, hello) : offer;
    },
    async open(exchange) {
      const shared = withSharedBody(exchange);
      const answer = await first.open(shared);
      if (isMiss(answer)) return second.open(shared);
      // The answer of a WebSocket or a call goes on reading; a response has been decided on.
      if (exchange.kind === 'http' && !isGrpc(exchange.head.headers)) await release(shared.body);
      return answer;
    },
  };
}

/** An exchange whose body can be read twice as far as the first reader read ahead. */
function withSharedBody(exchange: Exchange): Exchange {
  const { body } = exchange;
  if (body === undefined || Buffer.isBuffer(body)) return exchange;
  return withChanges(exchange, { body: rereadable<Part>(body, (part) => part.bytes.length) });
}

/** Lets go of a body that was perhaps read in part. */
async function release(body: Body): Promise<void> {
  if (body === undefined || Buffer.isBuffer(body) || !isRereadable(body)) return;
  await body.release();
}

function isMiss(answer: Answer): boolean {
  const { failure } = answer;
  return failure !== undefined && misses.has(failure.code);
}

const misses: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'NO_MATCHING_INTERACTION',
  'UNRECORDED_STREAM',
  'PASSTHROUGH_UNRECORDED',
]);
