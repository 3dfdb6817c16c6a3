import type { Arrival, Likely } from '../exchange/arrival.ts';
import type { Destination } from '../exchange/destination.ts';
import { isUnnamed } from '../exchange/destination.ts';
import type { ClientHello, Offer } from '../exchange/upstream.ts';
import { ownHost } from '../wire/wire.ts';
import { route } from './route.ts';

/** Whose terms are asked for. */
export interface Wanted {
  readonly destination: Destination;
  readonly hello?: ClientHello;
  /** Whether a destination is one of our own listeners (a loop). */
  readonly isOwn: (destination: Destination) => boolean;
}

/** Asks for the terms of a destination; nobody but the wire knows those of our own. */
export async function askTerms(arrival: Arrival, wanted: Wanted): Promise<Offer> {
  const { destination, hello, isOwn } = wanted;
  if (destination.host === ownHost || isOwn(destination)) return { type: 'unknown' };
  return arrival.session.upstream.offer(destination, hello);
}

/** Asks for the terms while the client waits for the server to speak; a captured one shares in what became of that. */
export async function askInSilence(
  arrival: Arrival,
  wanted: Wanted & { readonly likely: Likely | undefined },
): Promise<Offer> {
  const offer = await askTerms(arrival, wanted);
  // Where others share the address, the client may yet name one of them.
  const captured = isCaptured(arrival) && wanted.likely !== 'shared';
  const next = route({ at: 'hello', captured, offer });
  if (next.to === 'reset') arrival.reset();
  return offer;
}

/** Whether the kernel brought it here: its client knows of no proxy. */
export function isCaptured({ depth, destination }: Arrival): boolean {
  return depth === 0 && destination?.address !== undefined;
}

/**
 * An arrival whose bytes are to be a raw stream, which bears no name: where only the address is known,
 * the name that was told for it. Who is passed on untouched keeps what was asked about it.
 */
export function withToldName(
  arrival: Arrival,
  nameAt: (address: string) => string | undefined,
): Arrival {
  const { destination, untouched } = arrival;
  if (destination === undefined || !isUnnamed(destination)) return arrival;
  const name =
    untouched === undefined || untouched === 'opaque' ? nameAt(destination.host) : undefined;
  if (name === undefined) return arrival;
  return { ...arrival, destination: { ...destination, host: name, learnt: 'dns' } };
}
