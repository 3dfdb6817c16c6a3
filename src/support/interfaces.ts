import { networkInterfaces } from 'node:os';

/** Whether an IP address is one of this machine's (or network namespace's) own. */
export function isOwnAddress(address: string): boolean {
  return faces().some((face) => face.address === address);
}

/** Whether anything could be reached over IPv6: some address is neither loopback nor good for its link only. */
export function reachesIpv6(): boolean {
  return faces().some(
    ({ family, internal, address }) =>
      family === 'IPv6' && !internal && !/^fe[89ab]/i.test(address),
  );
}

function faces() {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? []);
}
