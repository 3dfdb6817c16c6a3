import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Milliseconds that a client whose request was refused has for reading why. */
const lingerMs = 5000;

/**
 * Says the last words on a connection and ends it. What the client still sends is thrown away for
 * a while: closing on unread bytes would reset the connection, and take the words with it
 * (RFC 9112, 9.6).
 */
export function endWith(socket: Duplex, words: Buffer): void {
  socket.end(words);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Ends a connection in order: FIN after everything written, and then no more reading. */
export function endSoon(socket: Duplex): void {
  if (socket instanceof Socket) socket.destroySoon();
  else socket.end(() => socket.destroy());
}
