import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { icyVersion } from '../exchange/http.ts';

const http = 'HTTP/1.1 ';

/**
 * Lets a response begin with `ICY`, as an old radio server's answer did, where Node would write its
 * own version. To be called right before its head is written.
 */
export function beginWithIcy(response: ServerResponse): void {
  // Answers to earlier requests of the pipeline go first.
  if (response.socket === null) response.once('socket', respellNext);
  else respellNext(response.socket);
}

function respellNext(socket: Duplex): void {
  const write = socket.write.bind(socket) as (...words: readonly unknown[]) => boolean;
  socket.write = (chunk: unknown, ...more: unknown[]): boolean => {
    Reflect.deleteProperty(socket, 'write');
    return write(respelt(chunk), ...more);
  };
}

/** Node writes a head as text, together with a body that is text. */
function respelt(chunk: unknown): unknown {
  const begins = typeof chunk === 'string' && chunk.startsWith(http);
  return begins ? `${icyVersion} ${chunk.slice(http.length)}` : chunk;
}
