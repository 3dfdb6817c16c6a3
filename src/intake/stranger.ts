import type { Duplex } from 'node:stream';
import type { Drop, Refuse } from './route.ts';
import { farewell, problemBytes } from './farewell.ts';
import { seenOf } from './look.ts';
import { peek } from './peek.ts';
import { recognise } from './recognise.ts';
import { route } from './route.ts';

/** A stranger that says nothing is not waited for. */
const patienceMs = 1000;

/** Turns away a client that may not come in: in words where it speaks HTTP. Tells why. */
export async function turnAway(socket: Duplex, client: string): Promise<Refuse | Drop> {
  socket.on('error', () => {});
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  const peeked = await peek(socket, { judge: recognise });
  clearTimeout(timer);
  const next = route({ at: 'stranger', seen: seenOf(peeked), client });
  if (next.to === 'refuse') farewell(socket, problemBytes(next.failure));
  else socket.destroy();
  return next;
}
