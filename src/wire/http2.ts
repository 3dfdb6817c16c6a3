import { constants, performServerHandshake } from 'node:http2';
import type { Arrival } from '../exchange/arrival.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import { errorCode, errorWords } from '../support/system-error.ts';
import { readRequestHead } from './http2-headers.ts';
import { headBytesMax } from './malformed.ts';
import { serveStream } from './http2-stream.ts';
import type { Http2StreamOptions } from './http2-stream.ts';
import { authorityNamed } from './target.ts';

/** What HTTP/2 needs of the house. */
export interface Http2Options extends Http2StreamOptions {}

/** What a client is told when its connection begins. */
export interface Http2Terms {
  /** Whether it may open a WebSocket on a stream (RFC 8441, 3). */
  readonly connectProtocol: boolean;
}

/** A client's HTTP/2 connection. */
export interface Http2Connection {
  /** Says that no more streams are taken, and ends once those that are open are answered. */
  readonly drain: () => void;
}

/** Streams that one client may have open at once. */
const streamsMax = 1024;
/** Fields of one head; together with their bytes they bound what a head takes in memory. */
const fieldsMax = 8192;
/** What a connection may hold: heads, streams, and bytes on their way. */
const sessionMegabytesMax = 64;
/** What a stream may send before anything of it was read: all streams of a connection come to 64 MiB. */
const windowBytes = 65_535;
/** A client may reset so many streams at once, and then so many a second (the rapid reset attack, CVE-2023-44487). */
const resetsMax = 2000;
const resetsPerSecond = 200;
/** Without a stream for so long a connection is ended, in order. */
const idleMs = 3_600_000;

/** Speaks HTTP/2 on an arrival's socket until it ends, each stream answered from the arrival's session. */
export function serveHttp2(
  options: Http2Options,
  arrival: Arrival,
  terms: Http2Terms,
): Http2Connection {
  const { socket } = arrival;
  const session = performServerHandshake(socket, {
    maxHeaderListPairs: fieldsMax,
    maxSendHeaderBlockLength: 2 * headBytesMax,
    maxSessionMemory: sessionMegabytesMax,
    streamResetBurst: resetsMax,
    streamResetRate: resetsPerSecond,
    strictSingleValueFields: false,
    settings: {
      enableConnectProtocol: terms.connectProtocol,
      initialWindowSize: windowBytes,
      maxConcurrentStreams: streamsMax,
      // Twice what is taken: a head that is somewhat too large is refused in words.
      maxHeaderListSize: 2 * headBytesMax,
    },
  });
  let firstAuthority: string | undefined;
  session.on('stream', (...[stream, , flags, flat]) => {
    stream.on('error', () => {});
    const head = readRequestHead(flat);
    firstAuthority ??= authorityNamed(head);
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const request = { stream, head, ended, socket, startedAt: performance.now() };
    serveStream(options, { arrival, request, firstAuthority }).catch((error: unknown) => {
      options.onLost('http2', error);
      if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    });
  });
  session.on('error', (error) => lose(options, arrival, error));
  // As in HTTP/1: a client that sends no more has gone.
  socket.once('end', () => socket.destroy());
  session.setTimeout(idleMs, () => session.close());
  return { drain: () => session.close() };
}

/** A client that does not keep to the protocol is a failure, told once; one that leaves is lost. */
function lose(options: Http2Options, { client }: Arrival, error: unknown): void {
  if (!isProtocolError(error)) return options.onLost('http2', error);
  const where = authorityOf({ host: client.address, port: client.port });
  const words = `the client ${where}: ${errorWords(error)}`;
  options.onFailure(new Failure('HTTP2_BROKEN', words, { cause: error }));
}

/** Whether it is nghttp2 that refused to go on, or told that we flooded it. */
function isProtocolError(error: unknown): boolean {
  return /^ERR_HTTP2_(?:ERROR|TOO_MANY_INVALID_FRAMES)$/.test(errorCode(error) ?? '');
}
