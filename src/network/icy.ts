import type { Duplex } from 'node:stream';
import type { Headers } from '../exchange/headers.ts';
import { headerValue } from '../exchange/headers.ts';

/** How the answers of old radio servers begin, in the place of an HTTP version. */
const icy = Buffer.from('ICY ', 'latin1');
const http = Buffer.from('HTTP/1.0 ', 'latin1');

/** Whether a client asks for a stream with titles in it, and so may be answered by `ICY 200 OK`. */
export function asksForIcy(headers: Headers): boolean {
  return headerValue(headers, 'icy-metadata') !== undefined;
}

/**
 * Lets a connection's next answer begin with `ICY`, which Node's parser takes for nonsense: it is
 * HTTP/1.0 in all but its name. `met` is told of it, before the parser sees it. Once its first bytes
 * have come, the connection is as it was.
 */
export function understandIcy(socket: Duplex, met: () => void): void {
  let held = Buffer.alloc(0);
  const push = socket.push.bind(socket);
  const restore = (): void => void Reflect.deleteProperty(socket, 'push');
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (!Buffer.isBuffer(chunk)) {
      restore();
      if (held.length > 0) push(held);
      return push(chunk, encoding);
    }
    held = Buffer.concat([held, chunk]);
    const known = Math.min(icy.length, held.length);
    const begins = held.subarray(0, known).equals(icy.subarray(0, known));
    if (begins && known < icy.length) return true;
    restore();
    if (begins) met();
    return push(begins ? Buffer.concat([http, held.subarray(icy.length)]) : held);
  };
}
