import { networkInterfaces } from 'node:os';
import { plainAddress } from './address-list.ts';

/** Whether an IP address is one of this machine's (or network namespace's) own. */
export function isOwnAddress(address: string): boolean {
  const plain = plainAddress(address);
  return faces().some((face) => face.address === plain);
}

/**
 * Whether anything could be reached over IPv6: some address is neither that of loopback nor good for
 * its link only. One on the loopback device counts: a replay without a network is reached by it.
 */
export function reachesIpv6(): boolean {
  return faces().some(
    ({ family, address }) => family === 'IPv6' && address !== '::1' && !isLinkLocal(address),
  );
}

/** The addresses of this machine that a client elsewhere could have sent something to. */
export function reachableAddresses(): readonly string[] {
  return faces()
    .filter((face) => !face.internal && !isLinkLocal(face.address))
    .map(({ address }) => address);
}

/** The address of a family on the interface that has another one; nothing where it has none. */
export function addressBeside(address: string, family: 'IPv4' | 'IPv6'): string | undefined {
  const list = Object.values(networkInterfaces()).find((own) =>
    own?.some((face) => face.address === address),
  );
  const fitting =
    list?.filter((face) => face.family === family && !isLinkLocal(face.address)) ?? [];
  return (fitting.find((face) => face.address === address) ?? fitting[0])?.address;
}

/** Good for one link only, and not without saying which. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

function faces() {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? []);
}
