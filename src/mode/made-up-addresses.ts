import { hash } from 'node:crypto';

const placesMax = 2 ** 17 - 2;

/**
 * An address for each host, of the range that is set aside for measurements (198.18.0.0/15, RFC
 * 2544): by the host's hash, so that it is the same in each run, and the next free one where two meet.
 */
export function madeUpAddresses(hosts: ReadonlySet<string>): ReadonlyMap<string, string> {
  const taken = new Set<number>();
  const addresses = new Map<string, string>();
  for (const host of [...hosts].toSorted()) {
    if (addresses.size === placesMax) break;
    let place = Number.parseInt(hash('sha256', host, 'hex').slice(0, 8), 16) % placesMax;
    while (taken.has(place)) place = (place + 1) % placesMax;
    taken.add(place);
    // Neither the first address of the range nor the last: they name the network.
    const last = place + 1;
    addresses.set(host, `198.${18 + (last >> 16)}.${(last >> 8) & 255}.${last & 255}`);
  }
  return addresses;
}
