import type { Destination } from '../exchange/destination.ts';
import { isUnnamed } from '../exchange/destination.ts';
import { createBoundedCache } from '../support/bounded-cache.ts';
import { createHostPatterns } from '../support/host-patterns.ts';

/** Which destinations are live neighbours: by their names, by their addresses, by what names were told to have. */
export interface LiveHosts {
  /** The destination as it may be dialled; nothing where it is no live neighbour. */
  readonly find: (destination: Destination) => Destination | undefined;
  /** Whether it is one by its name or by a range, whatever its first bytes say. */
  readonly isSure: (destination: Destination) => boolean;
  /** The live name that a question is for: as it is, or as clients try it in a search domain. */
  readonly nameIn: (question: string) => string | undefined;
  /** A live name was told to have these addresses. */
  readonly learn: (name: string, addresses: readonly string[]) => void;
  /** A name that is not live was told to have these addresses. */
  readonly learnOther: (addresses: readonly string[]) => void;
  /** Whether an address was told for a name that is not live. */
  readonly isShared: (address: string) => boolean;
}

/** Addresses of live neighbours that are remembered; those not used for longest go first. */
const addressesMax = 4_096;
const namesPerAddressMax = 16;

/** The live neighbours of some patterns; `search` are the domains in which clients try names. */
export function createLiveHosts(
  patterns: readonly string[],
  search: readonly string[] = [],
): LiveHosts {
  const listed = createHostPatterns(patterns);
  const told = createBoundedCache<Set<string>>(addressesMax);
  const others = createBoundedCache<true>(addressesMax);
  const nameAt = (address: string, port: number): string | undefined =>
    [...(told.get(address) ?? [])].findLast((host) => listed.has({ host, port }));
  const isSure = ({ host, port, address }: Destination): boolean =>
    listed.has({ host, port }) || (address !== undefined && listed.has({ host: address, port }));
  return {
    isSure,
    find(destination) {
      const { host, port, address } = destination;
      if (address === undefined || listed.has({ host: address, port })) {
        return isSure(destination) ? destination : undefined;
      }
      if (isUnnamed(destination)) {
        const name = nameAt(address, port);
        return name === undefined ? undefined : { ...destination, host: name, learnt: 'dns' };
      }
      if (!listed.has({ host, port })) return undefined;
      // A client can put any name into its hello or Host header: an address that was not told for the
      // name is not dialled, or a name would lead out of a replay to wherever the client likes.
      return told.get(address)?.has(host) === true ? destination : byName(destination);
    },
    learnOther(addresses) {
      for (const address of addresses) others.set(address, true, Number.POSITIVE_INFINITY);
    },
    isShared: (address) => others.get(address) === true,
    nameIn(question) {
      const bare = question.replace(/^(?:_[^.]+\.)+/, '');
      const tried = search.flatMap((domain) =>
        bare.endsWith(`.${domain}`) ? [bare.slice(0, -domain.length - 1)] : [],
      );
      return [bare, ...tried].find((name) => listed.hasHost(name));
    },
    learn(name, addresses) {
      for (const address of addresses) {
        const names = told.get(address) ?? new Set();
        if (names.size < namesPerAddressMax) names.add(name);
        told.set(address, names, Number.POSITIVE_INFINITY);
      }
    },
  };
}

function byName({ host, port, secure, learnt }: Destination): Destination {
  return { host, port, secure, ...(learnt !== undefined && { learnt }) };
}
