import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { endWith } from './farewell.ts';

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

const goawayType = 7;

/**
 * Goes away without this stream (RFC 9113, 6.8): it and those after it were not taken, and may be
 * tried again elsewhere; those before it are answered.
 */
export function goAway(stream: ServerHttp2Stream, code: number, socket: Duplex): void {
  const { session, id } = stream;
  if (session === undefined || session.destroyed || id === undefined) return;
  // Node takes "up to stream 0" for "up to the latest", so that frame is written past it.
  if (id === 1) return endWith(socket, goawayFrame(code));
  session.goaway(code, id - 2);
  session.close();
}

/** A GOAWAY frame that says that no stream at all was taken. */
function goawayFrame(code: number): Buffer {
  const frame = Buffer.alloc(17);
  frame.writeUIntBE(8, 0, 3);
  frame.writeUInt8(goawayType, 3);
  frame.writeUInt32BE(code, 13);
  return frame;
}
