import { clientEnding } from '../exchange/client-left.ts';
import type { Body, Ending } from '../exchange/conversation.ts';
import { finished } from '../exchange/conversation.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Answer } from '../exchange/upstream.ts';
import { write } from '../support/write.ts';
import type { Connection } from './connection.ts';
import { readParts } from './parts.ts';

/**
 * Passes bytes both ways untouched. The parts end where the server's side does, and the ending says
 * how; the client may go on after that (half-close), and the connection lives until both are done.
 */
export function relay(
  exchange: Pick<Exchange, 'signal' | 'startedAt' | 'body'>,
  connection: Connection,
): Answer {
  const { signal, startedAt, body } = exchange;
  const { socket } = connection;
  const { promise, resolve } = Promise.withResolvers<Ending>();
  connection.used = true;
  const abandon = (): void => {
    const ending = clientEnding(signal);
    // A client that says its last words and goes must not take them with it.
    if (ending.type === 'cut') socket.destroySoon();
    else connection.abandon(ending);
  };
  signal.addEventListener('abort', abandon);
  socket.once('close', () => signal.removeEventListener('abort', abandon));
  if (signal.aborted) abandon();
  const parts = readParts(socket, startedAt, () => {
    // Its reader stopped, or it broke.
    if (!socket.readableEnded) socket.destroy();
    if (socket.readableEnded && connection.broken === undefined) resolve(finished);
    else if (signal.aborted) resolve(clientEnding(signal));
    else resolve(connection.broken ?? { type: 'cut', by: 'client' });
  });
  void sendRaw(connection, body).catch(() => connection.abandon(clientEnding(signal)));
  return { body: parts, ending: promise, framing: 'raw', outcome: 'forwarded' };
}

/** Sends what the client says, then ends that side only. */
async function sendRaw({ socket }: Connection, body: Body): Promise<void> {
  if (Buffer.isBuffer(body)) await write(socket, body);
  else if (body !== undefined) {
    for await (const { bytes } of body) if (!(await write(socket, bytes))) return;
  }
  if (!socket.destroyed) socket.end();
}
