import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Body, Ending, Parts } from '../exchange/conversation.ts';
import type { HttpExchange } from '../exchange/exchange.ts';
import type { Headers } from '../exchange/headers.ts';
import { endToEnd, headersFromFlat, headerValue } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { LiveExchange } from './http-exchange.ts';
import { liven } from './http-exchange.ts';
import type { Http2RequestHead } from './http2-headers.ts';
import { goneBy } from './relay.ts';
import type { Target } from './target.ts';

/** A request that came on a stream of its own. */
export interface Http2Request {
  readonly stream: ServerHttp2Stream;
  readonly head: Http2RequestHead;
  /** Whether its head is all of it. */
  readonly ended: boolean;
  /** What the client's connection runs on. */
  readonly socket: Duplex;
  readonly startedAt: number;
}

/** What the wire puts into the exchange of a stream besides the request. */
export interface Http2ExchangeParts {
  readonly kind: HttpExchange['kind'];
  readonly target: Target;
  readonly body: Body;
  readonly inform: (head: ResponseHead) => void;
}

/** Makes the exchange of a stream, and tells it when the client leaves. */
export function http2Exchange(request: Http2Request, parts: Http2ExchangeParts): LiveExchange {
  const { stream, head, startedAt, socket } = request;
  const { target, ...rest } = parts;
  let trailers: Headers = [];
  stream.once('trailers', (_fields, _flags, flat: string[]) => {
    trailers = headersFromFlat(flat);
  });
  const live = liven({
    ...rest,
    destination: target.destination,
    startedAt,
    head: {
      method: parts.kind === 'websocket' ? 'GET' : head.method,
      path: target.path,
      headers: endToEnd(head.headers),
      httpVersion: '2.0',
      ...(head.authority !== undefined && { authority: head.authority }),
    },
    trailers: () => trailers,
  });
  const gone = (): void => live.leave(leftBy(stream, socket));
  stream.once('aborted', gone);
  stream.once('close', () => {
    if (!stream.writableFinished || stream.rstCode !== constants.NGHTTP2_NO_ERROR) gone();
  });
  // A body that nobody wanted to its end would keep the stream open.
  stream.once('finish', () => {
    if (!stream.readableEnded) stream.resume();
  });
  return live;
}

/** How a client left a stream: by a reset of it, or with its connection. */
function leftBy(stream: ServerHttp2Stream, socket: Duplex): Ending {
  if (socket.destroyed) return goneBy(socket.errored);
  return { type: 'reset', by: 'client', code: stream.rstCode ?? constants.NGHTTP2_CANCEL };
}

/** The body of a request: absent where its head was all of it, empty with length 0, else in parts. */
export function http2Body({ stream, head, ended, startedAt }: Http2Request): Body {
  if (!ended) return readParts(stream, startedAt);
  return headerValue(head.headers, 'content-length') === '0' ? Buffer.alloc(0) : undefined;
}

/** Reads a body as it comes; a client that breaks off ends it quietly, the exchange's signal says how. */
async function* readParts(stream: ServerHttp2Stream, startedAt: number): Parts {
  try {
    // Stopping early must not reset the stream: the answer still has to go out on it.
    const pieces: AsyncIterable<Buffer> = stream.iterator({ destroyOnReturn: false });
    for await (const bytes of pieces) {
      yield { atMs: performance.now() - startedAt, kind: 'data', bytes };
    }
  } catch {
    // The signal of the exchange carries the reason.
  }
}
