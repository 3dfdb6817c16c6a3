import { isTestAddress } from './capture/capture.ts';
import type { Likely, Untouched } from './exchange/arrival.ts';
import type { Destination } from './exchange/destination.ts';
import { authorityOf, isUnnamed } from './exchange/destination.ts';
import { Failure } from './exchange/failure.ts';
import type { ClientHello } from './exchange/upstream.ts';
import type { Journal } from './journal/journal.ts';
import type { Live } from './mode/mode.ts';
import type { Report } from './logging.ts';
import { createBoundedCache } from './support/bounded-cache.ts';
import { createHostPatterns } from './support/host-patterns.ts';

/** What decides which connections are passed on as they are. */
export interface PassingOptions {
  readonly live: Live | undefined;
  /** Ports that are never looked at. */
  readonly opaquePorts: readonly number[];
  /** Hosts whose TLS is not opened: names, ranges of addresses, with ports or without. */
  readonly tlsPassthrough: readonly string[];
  /** Refusals after which a host is passed through; 0 is never. */
  readonly tlsPassthroughAfter: number;
  readonly journal: Pick<Journal, 'gaveUp' | 'subscribe'>;
  readonly report: Report;
}

/** Which connections are passed on as they are, and why. */
export interface Passing {
  /** Asked when a destination is known, and again with the hello of TLS. */
  readonly untouched: (destination: Destination, hello?: ClientHello) => Untouched | undefined;
  /** Whether a server may be about to speak first, so that it is dialled without a look. */
  readonly likely: (destination: Destination) => Likely | undefined;
  /** The name that clients were told an address for, if one was. */
  readonly nameAt: (address: string) => string | undefined;
  /** A client refused the certificate for a host (`host:port`). */
  readonly refused: (host: string) => void;
}

/** Names and refusals are chosen by clients. */
const rememberedMax = 4_096;

/** Live neighbours come first, then ports that are not looked at, then TLS that is not opened. */
export function createPassing(options: PassingOptions): Passing {
  const { live, tlsPassthrough, journal } = options;
  const opaque: ReadonlySet<number> = new Set(options.opaquePorts);
  const named = createHostPatterns(tlsPassthrough);
  const nameAt = learntNames(journal);
  const givenUp = new Set<string>();
  const isPassed = (destination: Destination, { serverName }: ClientHello): boolean => {
    const { host, port, address } = destination;
    const learnt = isUnnamed(destination) ? nameAt(host) : undefined;
    const names = [host, address, serverName, learnt].filter((name) => name !== undefined);
    return names.some((name) => named.has({ host: name, port }));
  };
  return {
    untouched(destination, hello) {
      // A connection of the self-test has to be looked at to be answered; nobody else is there.
      if (isTestAddress(destination.address ?? '')) return undefined;
      const first = live?.untouched(destination, hello);
      if (first !== undefined) return first;
      if (hello === undefined) return opaque.has(destination.port) ? 'opaque' : undefined;
      const passes = givenUp.has(authorityOf(destination)) || isPassed(destination, hello);
      return passes ? 'passthrough' : undefined;
    },
    likely: (destination) =>
      isTestAddress(destination.address ?? '') ? undefined : live?.likely(destination),
    nameAt,
    refused: givingUp(options, givenUp),
  };
}

/** Counts the refusals of each host, and gives it up after so many. */
function givingUp(
  { tlsPassthroughAfter: most, journal, report }: PassingOptions,
  givenUp: Set<string>,
): (host: string) => void {
  if (most === 0) return () => {};
  const counts = createBoundedCache<number>(rememberedMax);
  return (host) => {
    const count = (counts.get(host) ?? 0) + 1;
    counts.set(host, count, Number.POSITIVE_INFINITY);
    if (count < most || givenUp.has(host) || givenUp.size >= rememberedMax) return;
    givenUp.add(host);
    journal.gaveUp(host);
    const words = `${host} is passed through for the rest of the run, after ${count} refusals`;
    report(new Failure('PASSED_THROUGH_AFTER_REFUSALS', words));
  };
}

/** The names that clients were told these addresses for: a hello may bear no server name. */
function learntNames({
  subscribe,
}: Pick<Journal, 'subscribe'>): (address: string) => string | undefined {
  const names = createBoundedCache<string>(rememberedMax);
  subscribe(({ kind, host, addresses = [] }) => {
    if (kind !== 'dns') return;
    const name = host.toLowerCase().replace(/\.$/, '');
    for (const address of addresses) names.set(address, name, Number.POSITIVE_INFINITY);
  });
  return (address) => names.get(address);
}
