import { networkInterfaces } from 'node:os';

/** Whether an IP address is one of this machine's (or network namespace's) own. */
export function isOwnAddress(address: string): boolean {
  return faces().some((face) => face.address === address);
}

/**
 * Whether anything could be reached over IPv6: some address is neither that of loopback nor good for
 * its link only. One on the loopback device counts: a replay without a network is reached by it.
 */
export function reachesIpv6(): boolean {
  return faces().some(
    ({ family, address }) => family === 'IPv6' && address !== '::1' && !/^fe[89ab]/i.test(address),
  );
}

function faces() {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? []);
}
