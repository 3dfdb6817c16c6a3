import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';

/**
 * Resets a stream once what was written to it is on its way. A connection that was cut or reset has
 * no code: it becomes INTERNAL_ERROR on this one stream, for other streams on the client's connection
 * may go to other servers' answers.
 */
export function endStream(
  stream: ServerHttp2Stream,
  code: number = constants.NGHTTP2_INTERNAL_ERROR,
): void {
  if (stream.closed || stream.destroyed) return;
  // While Node reads what the client sent, a CANCEL would wait, and be overtaken by an end in order.
  const close = (): void => void setImmediate(() => stream.close(code));
  if (stream.writableEnded || stream.writableLength === 0) close();
  else stream.write(Buffer.alloc(0), close);
}

/**
 * Goes away without this stream (RFC 9113, 6.8): it and those after it were not taken, and may be
 * tried again elsewhere; those before it are answered. Node takes "up to stream 0" for "up to the
 * latest", and a frame written past it ends the process (over TLS, or where the client reads
 * slowly): so the first stream of all is refused, which tells the client as much (RFC 9113, 8.7).
 */
export function goAway(stream: ServerHttp2Stream, code: number): void {
  const { session, id } = stream;
  if (session === undefined || session.destroyed || id === undefined) return;
  session.goaway(code, Math.max(1, id - 2));
  if (id === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
  session.close();
}
