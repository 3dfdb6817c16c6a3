import type { Arrival } from '../exchange/arrival.ts';
import { Failure } from '../exchange/failure.ts';
import type { Http2Request } from './http2-exchange.ts';
import { http2Body, http2Exchange } from './http2-exchange.ts';
import { http2Informer, respondHttp2, writeOwnHttp2 } from './http2-respond.ts';
import { headBytesMax } from './malformed.ts';
import type { OwnOptions } from './own.ts';
import { settle } from './own.ts';
import { refusal } from './refuse.ts';
import type { Target } from './target.ts';
import { http2TargetOf } from './target.ts';

/** What a stream needs of the house. */
export interface Http2StreamOptions extends OwnOptions {
  /** HTTP status of a replay miss. */
  readonly missStatus: number;
}

/** A request on its stream, and the connection that it came on. */
export interface Http2Asking {
  readonly arrival: Arrival;
  readonly request: Http2Request;
  /** What the first request of the connection named as its authority. */
  readonly firstAuthority: string;
}

/** Answers one stream from the arrival's session. */
export async function serveStream(options: Http2StreamOptions, asking: Http2Asking): Promise<void> {
  const { arrival, request, firstAuthority } = asking;
  const { stream, head } = request;
  if (head.bytes > headBytesMax) return refuseBomb(options, request);
  const target = settle(options, http2TargetOf(head, arrival, firstAuthority));
  if ('head' in target) return writeOwnHttp2(stream, target);
  await serveRequest(options, asking, target);
}

async function serveRequest(
  { missStatus }: Http2StreamOptions,
  { arrival, request }: Http2Asking,
  target: Target,
): Promise<void> {
  const { stream } = request;
  const { exchange } = http2Exchange(request, {
    kind: 'http',
    target,
    body: http2Body(request),
    inform: http2Informer(stream),
  });
  const answer = await arrival.session.upstream.open(exchange);
  await respondHttp2({ stream, exchange, answer, missStatus, socket: arrival.socket });
}

function refuseBomb({ onFailure }: Http2StreamOptions, { stream }: Http2Request): void {
  const failure = new Failure('HEADERS_TOO_LARGE', `a request head passed ${headBytesMax} bytes`);
  onFailure(failure);
  writeOwnHttp2(stream, refusal(failure));
}
