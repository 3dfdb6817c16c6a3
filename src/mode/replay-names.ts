import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Entry, Recording } from '../cassette/cassette.ts';
import type { DnsAnswer, DnsQuestion, Resolver } from '../exchange/dns.ts';
import type { Cursors } from './cursors.ts';

/** What replaying names needs. */
export interface ReplayNamesOptions {
  readonly recording: Recording;
  readonly cursors: Cursors;
  /** Domains in which clients try a name before they try it as it is. */
  readonly search: readonly string[];
  /** Whether a client that is told an IPv6 address can reach us under it. */
  readonly ipv6: boolean;
}

/** The names of a recording. */
export interface RecordedNames extends Resolver {
  /** The name that an address was told for. */
  readonly nameOf: (address: string) => string | undefined;
}

/** Seconds for an address that nobody recorded: it holds for the run. */
const madeUpTtl = 60;

/**
 * A resolver that answers from a recording: what was recorded of a name, else an address of its own
 * for each host that the recording has, and for any other that it does not exist.
 */
export function replayNames(options: ReplayNamesOptions): RecordedNames {
  const { recording, cursors, ipv6 } = options;
  const lookups = lookupsOf(recording);
  const hosts = hostsOf(recording);
  const madeUp = madeUpAddresses(hosts);
  const names = namesByAddress(recording, madeUp);
  const known = (name: string): boolean => hosts.has(name) || lookups.resolved.has(name);
  const recorded = ({ name, type }: DnsQuestion): DnsAnswer | undefined => {
    // A name that does not exist does not for any type (RFC 8020).
    const entries = lookups.byQuestion.get(`${type} ${name}`) ?? lookups.missing.get(name);
    if (entries === undefined || (type === 'AAAA' && !ipv6 && known(name))) return undefined;
    const turn = cursors.next(`dns ${type} ${name}`, () => entries);
    const lookup = turn?.entry.interaction.lookup;
    if (turn === undefined || lookup === undefined) return undefined;
    const { code, addresses, ttl } = lookup;
    const outcome = turn.repeated ? 'repeated' : 'replayed';
    return { code, addresses, ttl, outcome, interaction: turn.entry.interaction.id };
  };
  const tried = (name: string): boolean =>
    options.search.some(
      (domain) => name.endsWith(`.${domain}`) && known(name.slice(0, -domain.length - 1)),
    );
  return {
    nameOf: (address) => names.get(address),
    async resolve(question) {
      const { name, type } = question;
      const found = recorded(question);
      if (found !== undefined) return found;
      if (known(name)) {
        const address = type === 'A' ? madeUp.get(name) : undefined;
        const addresses = address === undefined ? [] : [address];
        return { code: 'NOERROR', addresses, ttl: madeUpTtl, outcome: 'replayed' };
      }
      const outcome = tried(name) ? 'replayed' : 'missed';
      return { code: 'NXDOMAIN', addresses: [], ttl: 0, outcome };
    },
  };
}

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

const placesMax = 2 ** 17 - 2;

interface Lookups {
  /** By type and name. */
  readonly byQuestion: ReadonlyMap<string, readonly Entry[]>;
  /** Answers that a name does not exist, by name. */
  readonly missing: ReadonlyMap<string, readonly Entry[]>;
  /** Names that had an address. */
  readonly resolved: ReadonlySet<string>;
}

function lookupsOf({ interactions }: Recording): Lookups {
  const byQuestion = new Map<string, Entry[]>();
  const missing = new Map<string, Entry[]>();
  const resolved = new Set<string>();
  for (const [place, interaction] of interactions.entries()) {
    const { lookup } = interaction;
    if (lookup === undefined) continue;
    const entry = { interaction, bodyDigest: '', place };
    push(byQuestion, `${lookup.type} ${lookup.name}`, entry);
    if (lookup.code === 'NXDOMAIN') push(missing, lookup.name, entry);
    else resolved.add(lookup.name);
  }
  for (const name of resolved) missing.delete(name);
  return { byQuestion, missing, resolved };
}

function push(lists: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}

/** The hosts that something was asked of, and every name that had an address. */
function hostsOf({ interactions }: Recording): ReadonlySet<string> {
  const hosts = new Set<string>();
  for (const { request, lookup } of interactions) {
    const { host } = request.destination;
    const named = lookup === undefined || lookup.code !== 'NXDOMAIN';
    if (named && isIP(host) === 0) hosts.add(host);
  }
  return hosts;
}

function namesByAddress(
  { interactions }: Recording,
  madeUp: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const names = new Map([...madeUp].map(([name, address]) => [address, name]));
  for (const { lookup } of interactions) {
    for (const address of lookup?.addresses ?? []) names.set(address, lookup?.name ?? '');
  }
  return names;
}
