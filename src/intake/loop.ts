import type { Arrival, Redirected } from '../exchange/arrival.ts';
import { isCaptured } from './terms.ts';

/** Whether an arrival is a connection of our own, that the kernel has redirected to us. */
export function isLoop(
  arrival: Arrival,
  cameMs: number,
  isOwnSocket: (connection: Redirected) => boolean,
): boolean {
  const { client: from, destination } = arrival;
  const address = destination?.address;
  if (!isCaptured(arrival) || destination === undefined || address === undefined) return false;
  return isOwnSocket({ from, to: { address, port: destination.port }, cameMs });
}
