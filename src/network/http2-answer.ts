import type { ClientHttp2Stream } from 'node:http2';
import { clientEnding } from '../exchange/client-left.ts';
import type { Ending, Parts } from '../exchange/conversation.ts';
import { finished } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { mayHaveBody } from '../exchange/http.ts';
import type { Answer } from '../exchange/upstream.ts';
import type { Incoming } from './http2-incoming.ts';

/** An answer whose head has come. */
export interface Answering {
  readonly exchange: HttpExchange;
  readonly stream: ClientHttp2Stream;
  readonly incoming: Incoming;
  readonly head: ResponseHead;
  /** Whether the head is all of it (END_STREAM). */
  readonly last: boolean;
  /** How the stream ended, once it is closed. */
  readonly ended: Promise<Ending>;
  /** Gives the stream up. */
  readonly abandon: () => void;
  /** Begins to pass on what the client says. */
  readonly send: () => void;
}

/**
 * Makes the answer. A body that came in one piece with its head is whole in memory, and its ending
 * known; a head that is all of it has no body, which tells gRPC's Trailers-Only from trailers.
 */
export function answerFrom(answering: Answering): Answer {
  const { exchange, stream, incoming, head, last, ended, send } = answering;
  const answer = { head, outcome: 'forwarded' } as const;
  if (exchange.kind === 'websocket') {
    if (head.status >= 200 && head.status <= 299) {
      send();
      const switched = { ...head, status: 101 };
      return { ...answer, head: switched, ...inParts(answering), framing: 'raw' };
    }
    // It does not become one, and so there is nothing to be said.
    stream.end();
  }
  if (last) {
    stream.resume();
    return { ...answer, body: undefined, ending: finished };
  }
  if (!mayHaveBody(exchange.head.method, head.status)) {
    stream.resume();
    return { ...answer, body: undefined, ending: ended };
  }
  const bytes = incoming.atOnce();
  if (bytes === undefined) return { ...answer, ...inParts(answering) };
  return { ...answer, body: bytes, ending: wholeWith(incoming) };
}

function inParts({ exchange, stream, incoming, ended, abandon }: Answering): {
  readonly body: Parts;
  readonly ending: Promise<Ending>;
} {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const body = incoming.parts((all) => {
    if (all) return resolve(wholeWith(incoming));
    // A reader that stops early gives up the stream.
    if (!stream.closed) abandon();
    resolve(incoming.whole ? clientEnding(exchange.signal) : ended);
  });
  return { body, ending: promise };
}

function wholeWith({ trailers }: Incoming): Ending {
  return trailers.length === 0 ? finished : { type: 'finished', trailers };
}
