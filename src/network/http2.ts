import type { ClientHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { clientEnding } from '../exchange/client-left.ts';
import type { Ending } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { endToEnd } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { Answer } from '../exchange/upstream.ts';
import { interimMax } from './answer.ts';
import { resetByServer } from './endings.ts';
import { answerFrom } from './http2-answer.ts';
import type { Http2Connection } from './http2-connection.ts';
import { fieldsOf, Incoming } from './http2-incoming.ts';
import { beginHttp2, sendHttp2Body } from './http2-request.ts';
import type { Reach } from './reach.ts';
import { canResend, idempotent } from './request.ts';

/**
 * Sends a request over HTTP/2 and hands on the answer as it comes. Nothing where the server does
 * not speak it, or takes no WebSockets over it.
 * @throws Unreachable, Failure as `Reach` does; Failure MALFORMED_HTTP.
 */
export async function openHttp2(exchange: HttpExchange, reach: Reach): Promise<Answer | undefined> {
  const answer = await attempt(exchange, reach, false);
  if (answer !== 'stale') return answer;
  // The connection was idle and dying when the request went out to it: the server has not seen it.
  const second = await attempt(exchange, reach, true);
  return second === 'stale' ? lostAnswer(resetByServer) : second;
}

async function attempt(
  exchange: HttpExchange,
  reach: Reach,
  fresh: boolean,
): Promise<Answer | 'stale' | undefined> {
  const { destination, signal, kind } = exchange;
  const shared = await reach.forHttp2(destination, { signal, fresh });
  if (shared === undefined) return undefined;
  const unfit = kind === 'websocket' && !shared.connectProtocol;
  if (!unfit && !signal.aborted) return converse(exchange, shared, !fresh && shared.wasIdle);
  shared.release();
  return unfit ? undefined : lostAnswer(clientEnding(signal));
}

/** One request on one promised stream. `stale`: the connection was dead, and another may be tried. */
async function converse(
  exchange: HttpExchange,
  shared: Http2Connection,
  mayBeStale: boolean,
): Promise<Answer | 'stale'> {
  const stream = beginHttp2(exchange, shared);
  const incoming = new Incoming(stream, exchange.startedAt);
  const { ended, abandon } = follow(exchange, { shared, stream, incoming });
  const replied = reply(exchange, stream);
  const send = (): void => {
    void sendHttp2Body(stream, exchange)
      .catch(() => false)
      .then((whole) => whole || abandon());
  };
  if (exchange.kind === 'http') send();
  const { head, last, interim } = await replied;
  if (head !== undefined) {
    await nextTurn();
    return answerFrom({ exchange, stream, incoming, ended, abandon, head, last, send });
  }
  const ending = await ended;
  const again = mayBeStale && interim === 0 && canResend(exchange);
  return again && wasUnseen(exchange, ending) ? 'stale' : lostAnswer(ending);
}

/** What came of a request: a final head, and whether it was all, or none; interim heads were passed on. */
interface Reply {
  readonly head?: ResponseHead;
  readonly last: boolean;
  readonly interim: number;
}

function reply(exchange: HttpExchange, stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise((resolve) => {
    let interim = 0;
    stream.on('headers', (_headers, _flags, rawHeaders) => {
      const head = headOf(rawHeaders);
      // Fields that are neither a head nor the end have no meaning (RFC 9113, 8.1).
      if (head.status < 100 || head.status > 199) return;
      interim += 1;
      if (interim > interimMax) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else exchange.inform(head);
    });
    stream.once('response', (_headers, flags, rawHeaders) => {
      const last = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      resolve({ head: headOf(rawHeaders), last, interim });
    });
    stream.once('close', () => resolve({ last: true, interim }));
  });
}

function headOf(rawHeaders: readonly string[]): ResponseHead {
  const at = rawHeaders.indexOf(':status');
  const headers = endToEnd(fieldsOf(rawHeaders));
  return { status: Number(rawHeaders[at + 1]), statusText: '', headers, httpVersion: '2.0' };
}

interface Following {
  readonly shared: Http2Connection;
  readonly stream: ClientHttp2Stream;
  readonly incoming: Incoming;
}

/** How a stream ends, known when it is closed; and the way to give it up as the client did. */
function follow(
  { signal, kind }: HttpExchange,
  { shared, stream, incoming }: Following,
): { readonly ended: Promise<Ending>; readonly abandon: () => void } {
  let left = false;
  const abandon = (): void => {
    if (stream.closed) return;
    left = true;
    const ending = clientEnding(signal);
    const { code = constants.NGHTTP2_CANCEL } = ending.type === 'reset' ? ending : {};
    const cancel = (): void => stream.close(code);
    // A client that says its last words and goes must not take them with it.
    if (kind === 'http' || ending.type !== 'cut') cancel();
    else stream.end(cancel);
  };
  signal.addEventListener('abort', abandon);
  const ended = new Promise<Ending>((resolve) => {
    stream.once('close', () => {
      signal.removeEventListener('abort', abandon);
      const byServer = { type: 'reset', by: 'server', code: stream.rstCode ?? 0 } as const;
      if (incoming.whole) resolve({ type: 'finished', trailers: incoming.trailers });
      else if (left) resolve(clientEnding(signal));
      else resolve(shared.lostFor(stream.id) ?? byServer);
    });
  });
  return { ended, abandon };
}

/** Whether the server has certainly not seen a request, or may see it twice (RFC 9113, 8.7). */
function wasUnseen({ head }: HttpExchange, ending: Ending): boolean {
  if (ending.type === 'goaway') return ending.code === constants.NGHTTP2_NO_ERROR;
  const lost = (ending.type === 'reset' && ending.code === undefined) || ending.type === 'cut';
  return lost && ending.by === 'server' && idempotent.has(head.method);
}

function lostAnswer(ending: Ending): Answer {
  return { body: undefined, ending, outcome: 'forwarded' };
}
