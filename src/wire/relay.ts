import type { Duplex } from 'node:stream';
import type { Ending, Part, Parts } from '../exchange/conversation.ts';
import type { Channel } from '../support/channel.ts';
import { errorCode } from '../support/system-error.ts';
import { write } from '../support/write.ts';

/** One side of a connection whose bytes are passed on untouched. */
export interface Relaying {
  readonly socket: Duplex;
  readonly startedAt: number;
  /** Takes what the client sends. */
  readonly sent: Channel<Part>;
  /** Says that the client has gone, and how. */
  readonly leave: (ending: Ending) => void;
}

/** Passes what the client sends into the channel, with back-pressure, until it ends. */
export async function pumpClient({ socket, startedAt, sent, leave }: Relaying): Promise<void> {
  try {
    const pieces: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false });
    for await (const bytes of pieces) {
      await sent.push({ atMs: performance.now() - startedAt, kind: 'data', bytes });
    }
  } catch (error) {
    leave(goneBy(error));
  }
  sent.end();
}

/** Passes what the server says to the client and ends the client's connection likewise. */
export async function pumpServer(
  socket: Duplex,
  answer: { readonly body: Parts; readonly ending: Ending | Promise<Ending> },
  reset: () => void,
): Promise<void> {
  for await (const part of answer.body) {
    if (!(await write(socket, part.bytes))) break;
  }
  const ending = await answer.ending;
  // A RST overtakes whatever still waits to be written.
  if (ending.type === 'reset' && ending.by === 'server') socket.write('', reset);
  else socket.end();
}

/** How a client went, read from the error of its socket. */
export function goneBy(error: unknown): Ending {
  return { type: errorCode(error) === 'ECONNRESET' ? 'reset' : 'cut', by: 'client' };
}

/** Parts of a body however it is held. */
export async function* partsOf(body: Buffer | Parts | undefined): Parts {
  if (body === undefined) return;
  if (Buffer.isBuffer(body)) yield { atMs: 0, kind: 'data', bytes: body };
  else yield* body;
}
