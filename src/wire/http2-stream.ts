import { constants } from 'node:http2';
import type { Arrival } from '../exchange/arrival.ts';
import { Failure } from '../exchange/failure.ts';
import type { Http2Request } from './http2-exchange.ts';
import { http2Body, http2Exchange } from './http2-exchange.ts';
import { serveHttp2WebSocket } from './http2-websocket.ts';
import { http2Informer, respondHttp2, writeOwnHttp2 } from './http2-respond.ts';
import { headBytesMax } from './malformed.ts';
import type { OwnOptions } from './own.ts';
import { settle } from './own.ts';
import { refusalTo } from './refuse-grpc.ts';
import type { Target } from './target.ts';
import { http2TargetOf } from './target.ts';
import type { TunnelOptions } from './tunnel.ts';
import { openTunnel } from './tunnel.ts';

/** What a stream needs of the house. */
export interface Http2StreamOptions extends OwnOptions, TunnelOptions {
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
  if (head.bytes > headBytesMax) {
    const words = `a request head passed ${headBytesMax} bytes`;
    return refuse(options, request, new Failure('HEADERS_TOO_LARGE', words));
  }
  if (head.method === 'CONNECT' && head.protocol === undefined) return tunnel(options, asking);
  const asked = http2TargetOf(head, arrival, firstAuthority);
  const target = settle(options, { target: asked, headers: () => head.headers });
  if ('head' in target) return writeOwnHttp2(stream, target);
  if (head.protocol === undefined) return serveRequest(options, asking, target);
  const { missStatus } = options;
  if (head.protocol === 'websocket') {
    return serveHttp2WebSocket({ arrival, request, target, missStatus });
  }
  const words = `CONNECT asks for ${JSON.stringify(head.protocol)}, which is not known here`;
  refuse(options, request, new Failure('MALFORMED_HTTP', words));
}

/** A CONNECT of the kind that proxies get: what is inside comes and goes on this one stream. */
function tunnel(options: Http2StreamOptions, { arrival, request }: Http2Asking): void {
  const { stream, head } = request;
  const reset = (): void => stream.close(constants.NGHTTP2_CONNECT_ERROR);
  openTunnel(
    options,
    { ...arrival, socket: stream, reset },
    {
      authority: head.authority ?? '',
      accept: () => stream.respond({ ':status': 200 }),
      refuse: (answer) => writeOwnHttp2(stream, answer),
    },
  );
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
  await respondHttp2({ stream, exchange, answer, missStatus });
}

/** Refuses a request of which nothing reaches an upstream. */
function refuse(
  { onFailure }: Http2StreamOptions,
  { stream, head }: Http2Request,
  failure: Failure,
): void {
  onFailure(failure);
  writeOwnHttp2(stream, refusalTo(head.headers, failure));
}
