import type { Duplex } from 'node:stream';
import { failures } from '../exchange/failure.ts';
import type { Failure } from '../exchange/failure.ts';

const lingerMs = 1000;

/**
 * Sends last words and closes. What the client still says is read and thrown away for a moment:
 * closing over unread bytes would reset the connection, and the words with it.
 */
export function farewell(socket: Duplex, words: Buffer): void {
  socket.on('error', () => {});
  socket.end(words);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}

/** A whole HTTP/1.1 answer for a failure: the code in a header, an RFC 9457 problem as the body. */
export function problemBytes(failure: Failure): Buffer {
  const { status, title, remedy } = failures[failure.code];
  const body = `${JSON.stringify({ title, status, detail: failure.message, code: failure.code, remedy })}\n`;
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `X-Magneto-Failure: ${failure.code}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A fatal decode_error alert in a record of its own (RFC 8446, 5.1 and 6). */
export const decodeErrorAlert: Buffer = Buffer.from([0x15, 3, 3, 0, 2, 2, 50]);

/** A fatal unrecognized_name alert: there is no certificate for the name that was asked for (RFC 6066, 3). */
export const unrecognizedNameAlert: Buffer = Buffer.from([0x15, 3, 3, 0, 2, 2, 112]);
