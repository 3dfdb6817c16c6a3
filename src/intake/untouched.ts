import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Arrival, Untouched } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import type { Failure } from '../exchange/failure.ts';
import type { ClientHello, Offer } from '../exchange/upstream.ts';
import type { Wire } from '../wire/wire.ts';
import { route } from './route.ts';
import { askTerms, isCaptured, withToldName } from './terms.ts';

/**
 * Says why the connections of a destination are to be passed on as they are, where they are: asked
 * when the destination is known and nothing was said yet, and again with the hello of TLS, whose
 * server name has by then named a destination that only the kernel knew.
 */
export type AskUntouched = (destination: Destination, hello?: ClientHello) => Untouched | undefined;

/** What passing something on untouched needs. */
export interface UntouchedParts {
  readonly wire: Pick<Wire, 'stream'>;
  readonly isOwn: (destination: Destination) => boolean;
  /** The name that clients were told an address for, if one was. */
  readonly nameAt: (address: string) => string | undefined;
  readonly onLoop: (failure: Failure) => void;
}

/** Decides of an arrival that nobody has looked at; true where it was passed on, or was a loop. */
export async function passUnseen(
  parts: UntouchedParts,
  arrival: Arrival,
  known: {
    readonly client: string;
    readonly untouched: Untouched | undefined;
    readonly offer: Offer | undefined;
    /** Whether it is a connection of our own. */
    readonly loop: () => boolean;
  },
): Promise<boolean> {
  const { client, untouched, offer } = known;
  if (untouched === undefined) return false;
  // A socket of ours is known as such once its own side has heard that it is connected.
  await nextTurn();
  const next = route({ at: 'arrival', untouched, loop: known.loop(), client });
  switch (next.to) {
    case 'look':
      return false;
    case 'stream':
      await passUntouched(parts, { ...arrival, untouched }, offer);
      return true;
    case 'reset':
      parts.onLoop(next.failure);
      arrival.reset();
      return true;
  }
}

/** Passes on what nobody here is to open, its first bytes included; a captured client of a server that is not there is reset. */
export async function passUntouched(
  parts: Omit<UntouchedParts, 'onLoop'>,
  arrival: Arrival,
  known?: Offer,
): Promise<void> {
  const { destination, untouched } = arrival;
  if (destination === undefined) throw new TypeError('a raw stream without a destination');
  // Its TLS, if it has any, is the client's own.
  const plain = { ...destination, secure: false };
  const offer = known ?? (await askTerms(arrival, { destination: plain, isOwn: parts.isOwn }));
  const next = route({ at: 'hello', captured: isCaptured(arrival), offer, untouched });
  if (next.to === 'reset') arrival.reset();
  else parts.wire.stream(withToldName({ ...arrival, destination: plain }, parts.nameAt));
}
