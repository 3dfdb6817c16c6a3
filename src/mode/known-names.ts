import { isIP } from 'node:net';
import type { Entry, Recording } from '../cassette/cassette.ts';
import type { DnsFinding } from '../exchange/dns.ts';
import type { Interaction } from '../exchange/interaction.ts';
import { plainFinding } from '../support/dns-finding.ts';
import { addressOfReverse } from '../support/reverse-name.ts';
import { madeUpAddresses } from './made-up-addresses.ts';
import { questionKey } from './record-names.ts';

/** What a recording knows of names. */
export interface KnownNames {
  /** What was recorded of a question, in order; by its key. */
  readonly lookups: ReadonlyMap<string, readonly Entry[]>;
  /** What was recorded of names that do not exist, or could not be asked for; by name. */
  readonly missing: ReadonlyMap<string, readonly Entry[]>;
  /** Names that exist: something was asked of them, or they had some record. */
  readonly existing: ReadonlySet<string>;
  /** An address for each host that something was asked of, or that had one. */
  readonly madeUp: ReadonlyMap<string, string>;
  /** The name that an address was told for. */
  readonly nameOf: (address: string) => string | undefined;
}

/** Reads what a recording knows of names. */
export function knownNames({ interactions }: Recording): KnownNames {
  const lookups = new Map<string, Entry[]>();
  const missing = new Map<string, Entry[]>();
  const existing = new Set<string>();
  const hosts = new Set<string>();
  for (const [place, interaction] of interactions.entries()) {
    const entry = { interaction, bodyDigest: '', place };
    const { lookup, request } = interaction;
    const name = lookup?.name ?? request.destination.host;
    if (lookup !== undefined) push(lookups, questionKey(lookup), entry);
    if (isMissing(interaction)) push(missing, name, entry);
    else if (lookup?.code === undefined || lookup.code === 'NOERROR') existing.add(name);
    if (lookup === undefined ? !isMissing(interaction) : hasAddress(lookup)) hosts.add(name);
  }
  for (const name of existing) missing.delete(name);
  const named = new Set([...hosts].filter((host) => isIP(host) === 0));
  const madeUp = madeUpAddresses(named);
  const names = namesByAddress(interactions, madeUp);
  return { lookups, missing, existing, madeUp, nameOf: (address) => names.get(address) };
}

/** What an interaction says of the name that it went to. */
export function findingOf({ lookup, ending }: Interaction): DnsFinding {
  if (lookup !== undefined) return lookup;
  const absent = ending.type === 'dns' && ending.code === 'ENOTFOUND';
  return plainFinding(absent ? 'NXDOMAIN' : 'SERVFAIL');
}

/** That a name does not exist holds for any type (RFC 8020); an explicit client was told so by its connection. */
function isMissing({ kind, lookup, ending }: Interaction): boolean {
  return lookup === undefined
    ? kind === 'connect' && ending.type === 'dns'
    : lookup.code === 'NXDOMAIN';
}

function hasAddress({ records }: DnsFinding): boolean {
  return records.some(({ type }) => isAddressType(type));
}

function isAddressType(type: string): boolean {
  return type === 'A' || type === 'AAAA';
}

function namesByAddress(
  interactions: readonly Interaction[],
  madeUp: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const names = new Map([...madeUp].map(([name, address]) => [address, name]));
  for (const { lookup } of interactions) {
    for (const { type, data } of lookup?.records ?? []) {
      const isAddress = isAddressType(type) && typeof data === 'string';
      if (isAddress) names.set(data, lookup?.name ?? '');
    }
  }
  return names;
}

/** The name of the address that a question for the reverse of one has in it. */
export function reverseName({ nameOf }: KnownNames, name: string): string | undefined {
  const address = addressOfReverse(name);
  return address === undefined ? undefined : nameOf(address);
}

function push(lists: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}
