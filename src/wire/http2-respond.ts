import type { ServerHttp2Stream, ServerStreamResponseOptions } from 'node:http2';
import type { Ending, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import { Failure } from '../exchange/failure.ts';
import type { Headers } from '../exchange/headers.ts';
import { flatHeaders } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import { mayHaveBody } from '../exchange/http.ts';
import type { Answer } from '../exchange/upstream.ts';
import { write } from '../support/write.ts';
import { endStream, goAway } from './http2-end.ts';
import { fieldsOf, http2Headers } from './http2-headers.ts';
import { partsOf } from './relay.ts';
import type { OwnAnswer } from './refuse.ts';
import { endedBeforeHead } from './refuse.ts';
import { refusalTo } from './refuse-grpc.ts';

/** An exchange, its answer, and the stream that takes it to the client. */
export interface Http2Responding {
  readonly stream: ServerHttp2Stream;
  readonly exchange: HttpExchange;
  readonly answer: Answer;
  /** Status of a replay miss. */
  readonly missStatus: number;
}

/** Writes an answer to the client as it comes, and ends the stream the way the destination ended it. */
export async function respondHttp2(responding: Http2Responding): Promise<void> {
  const { stream, exchange, answer } = responding;
  const { failure, head, body } = answer;
  if (failure !== undefined) return writeOwnHttp2(stream, refuseHttp2(responding, failure));
  if (head === undefined) return respondWithoutHead(responding);
  const bodiless = !mayHaveBody(exchange.head.method, head.status);
  if (body === undefined || Buffer.isBuffer(body)) {
    const ending = answer.ending instanceof Promise ? await answer.ending : answer.ending;
    const whole = ending.type === 'finished' && ending.trailers.length === 0;
    const endStreamWithHead = whole && (bodiless || body === undefined);
    const waitForTrailers = !whole && !bodiless;
    if (!beginHttp2(responding, head, { endStream: endStreamWithHead, waitForTrailers })) return;
    if (endStreamWithHead) return;
    if (whole) stream.end(body);
    else await finish(responding, { body: partsOf(body), ending, bodiless });
    return;
  }
  if (!beginHttp2(responding, head, { waitForTrailers: !bodiless })) return;
  await finish(responding, { body, ending: answer.ending, bodiless });
}

/** Node would add a date; its types do not know that it can be told not to. */
const asGiven: ServerStreamResponseOptions & { readonly sendDate: boolean } = { sendDate: false };

/** A function that passes interim (1xx) heads on at once. */
export function http2Informer(stream: ServerHttp2Stream): (head: ResponseHead) => void {
  let continued = false;
  return ({ status, headers }) => {
    // HTTP/2 has no other protocol to switch to (RFC 9113, 8.6).
    if (stream.headersSent || stream.closed || stream.destroyed || status === 101) return;
    // Both halves of an `either` may ask for the body; the client is asked once.
    if (status === 100 && continued) return;
    continued ||= status === 100;
    try {
      stream.additionalHeaders({ ':status': status, ...fieldsOf(headers) });
    } catch {
      // What cannot be told in passing is left out: the answer is yet to come.
    }
  };
}

/** Writes an answer of magneto's own. */
export function writeOwnHttp2(stream: ServerHttp2Stream, { head, body }: OwnAnswer): void {
  if (stream.closed || stream.destroyed) return;
  // gRPC takes a head for trailing metadata only where it ends the stream.
  stream.respond(flatHead(head), { ...asGiven, endStream: body.length === 0 });
  // Of an answer to HEAD Node has ended the stream already.
  if (!stream.writableEnded) stream.end(body);
}

/** The answer to a request that magneto cannot serve. */
function refuseHttp2({ missStatus, exchange }: Http2Responding, failure: Failure): OwnAnswer {
  return refusalTo(exchange.head.headers, failure, missStatus);
}

async function respondWithoutHead(responding: Http2Responding): Promise<void> {
  const { stream, exchange, answer } = responding;
  const ending = await answer.ending;
  const failure = endedBeforeHead(ending, exchange.destination);
  if (failure !== undefined) return writeOwnHttp2(stream, refuseHttp2(responding, failure));
  // Without a head nothing can have been whole.
  endLike(responding, ending.type === 'finished' ? { type: 'cut', by: 'server' } : ending);
}

/** Sends the head; false where the client has gone, or there is no way to tell it. */
export function beginHttp2(
  responding: Http2Responding,
  head: ResponseHead,
  options: Beginning,
): boolean {
  const { stream } = responding;
  if (stream.closed || stream.destroyed) return false;
  try {
    stream.respond(flatHead(head), { ...options, ...asGiven });
    return true;
  } catch (cause) {
    const words = `an answer with status ${head.status}: ${String(cause)}`;
    const failure = new Failure('HTTP2_UNFIT', words, { cause });
    writeOwnHttp2(stream, refuseHttp2(responding, failure));
    return false;
  }
}

function flatHead({ status, headers }: ResponseHead): string[] {
  const fields = http2Headers(headers);
  // A length has no place there (RFC 9110, 8.6), and clients of HTTP/2 look.
  const fit = status === 204 ? fields.filter(([name]) => name !== 'content-length') : fields;
  return [':status', String(status), ...flatHeaders(fit)];
}

/**
 * How a stream begins. One that waits for trailers can still be reset: without them Node would end it
 * in order first, and the reset would never go out.
 */
interface Beginning {
  readonly endStream?: boolean;
  readonly waitForTrailers: boolean;
}

interface Rest {
  readonly body: Parts;
  readonly ending: Ending | Promise<Ending>;
  /** Whether the answer cannot have a body, so that Node has ended the stream with its head. */
  readonly bodiless: boolean;
}

async function finish(responding: Http2Responding, rest: Rest): Promise<void> {
  const { stream } = responding;
  let trailers: Headers = [];
  stream.once('wantTrailers', () => {
    try {
      stream.sendTrailers(fieldsOf(trailers));
    } catch {
      endStream(stream);
    }
  });
  for await (const part of rest.body) {
    if (rest.bodiless) continue;
    if (!(await write(stream, part.bytes))) break;
  }
  const ending = await rest.ending;
  if (ending.type !== 'finished') return endLike(responding, ending);
  trailers = ending.trailers;
  if (!stream.writableEnded && !stream.destroyed) stream.end();
}

/** Ends the stream as the server ended its own, so far as HTTP/2 knows such an end. */
export function endLike({ stream }: Http2Responding, ending: Ending): void {
  // A client that gave up had waited: the replay lets it wait again.
  if ('by' in ending && ending.by === 'client') return;
  if (ending.type === 'goaway') return goAway(stream, ending.code);
  endStream(stream, ending.type === 'reset' ? ending.code : undefined);
}
