import type { Learnt } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { JournalEntry } from './journal.ts';

/** What was spoken: `tls` was passed on untouched, `tcp+tls` is a raw stream in TLS that was opened. */
export type Protocol = 'http' | 'https' | 'ws' | 'wss' | 'tcp' | 'tcp+tls' | 'tls' | 'dns';

/** A destination that was talked to, over one protocol. */
export interface InventoryEntry {
  /** Its name, or the name that was asked for; null where only its address is known. */
  readonly name: string | null;
  readonly port: number;
  readonly protocol: Protocol;
  /** The addresses that it was captured under or that were told for it, eight at most. */
  readonly addresses: readonly string[];
  /** How its name came to be known. */
  readonly learnt: readonly (Learnt | 'unknown')[];
  /** Exchanges, attempts to connect, or questions. */
  readonly count: number;
}

/** Everything that was talked to, as far as it is listed. */
export interface Inventory {
  /** By name, port and protocol; what has no name comes first, by its address. */
  readonly entries: readonly InventoryEntry[];
  /** How many entries there may be. */
  readonly entriesMax: number;
  /** Exchanges with destinations that found no place any more: 0 where the list is whole. */
  readonly omitted: number;
}

/** A live neighbour that was used. */
export interface LiveUse {
  /** `host:port`. */
  readonly destination: string;
  /** Connections, and requests of HTTP that came one by one. */
  readonly count: number;
}

/** Keeps the inventory of a run. */
export interface InventoryKeeper {
  readonly add: (entry: JournalEntry) => void;
  readonly list: () => Inventory;
  readonly live: () => readonly LiveUse[];
}

/** A run talks to a few dozen; whoever scans the network must not fill the memory, nor the receipt. */
const entriesMax = 500;
const addressesMax = 8;
const namesMax = 4_096;

interface Kept {
  readonly name: string | null;
  readonly port: number;
  readonly protocol: Protocol;
  readonly addresses: Set<string>;
  readonly learnt: Set<Learnt | 'unknown'>;
  count: number;
}

/** An inventory of nothing so far. No path, no query, no header comes into it: there the secrets are. */
export function createInventory(): InventoryKeeper {
  const kept = new Map<string, Kept>();
  const live = new Map<string, number>();
  const told = new Map<string, string>();
  let omitted = 0;
  return {
    add(entry) {
      for (const address of entry.addresses ?? []) {
        if (told.has(address) || told.size < namesMax) told.set(address, entry.host);
      }
      if (entry.outcome === 'live' && entry.kind !== 'dns') countUse(live, entry);
      if (!keep(kept, entry, told)) omitted += 1;
    },
    list: () => ({ entries: listed(kept), entriesMax, omitted }),
    live: () =>
      [...live]
        .map(([destination, count]) => ({ destination, count }))
        .toSorted((one, other) => compare(one.destination, other.destination)),
  };
}

function countUse(live: Map<string, number>, entry: JournalEntry): void {
  const own = authorityOf(entry);
  const destination = live.has(own) || live.size < entriesMax ? own : 'others';
  live.set(destination, (live.get(destination) ?? 0) + 1);
}

/** Finds a place for an entry; false where there is none left. */
function keep(
  kept: Map<string, Kept>,
  entry: JournalEntry,
  told: ReadonlyMap<string, string>,
): boolean {
  const { address, addresses = [], port } = entry;
  const { name, learnt } = nameOf(entry, told);
  const protocol = protocolOf(entry);
  const key = `${name ?? `[${address}]`} ${port} ${protocol}`;
  let place = kept.get(key);
  if (place === undefined) {
    if (kept.size >= entriesMax) return false;
    place = { name, port, protocol, addresses: new Set(), learnt: new Set(), count: 0 };
    kept.set(key, place);
  }
  place.count += 1;
  place.learnt.add(learnt);
  for (const each of address === undefined ? addresses : [address, ...addresses]) {
    if (place.addresses.size < addressesMax) place.addresses.add(each);
  }
  return true;
}

/** What nobody named in the connection has the name that was told for its address. */
function nameOf(
  { kind, host, address, learnt }: JournalEntry,
  told: ReadonlyMap<string, string>,
): Pick<Kept, 'name'> & { readonly learnt: Learnt | 'unknown' } {
  if (kind === 'dns') return { name: host, learnt: 'dns' };
  if (address === undefined || host !== address) return { name: host, learnt: learnt ?? 'unknown' };
  const name = told.get(address);
  return name === undefined ? { name: null, learnt: 'unknown' } : { name, learnt: 'dns' };
}

function protocolOf({ kind, secure, untouched }: JournalEntry): Protocol {
  switch (kind) {
    case 'http':
      return secure ? 'https' : 'http';
    case 'websocket':
      return secure ? 'wss' : 'ws';
    case 'stream':
      if (untouched === 'passthrough') return 'tls';
      return secure ? 'tcp+tls' : 'tcp';
    case 'connect':
      return 'tcp';
    case 'dns':
      return 'dns';
  }
}

function listed(kept: ReadonlyMap<string, Kept>): readonly InventoryEntry[] {
  return [...kept]
    .toSorted(([one, a], [other, b]) => compareEntries(a, b) || compare(one, other))
    .map(([, { addresses, learnt, name, port, protocol, count }]) => ({
      name,
      port,
      protocol,
      addresses: [...addresses].toSorted(compare),
      learnt: [...learnt].toSorted(compare),
      count,
    }));
}

function compareEntries(one: Kept, other: Kept): number {
  return compare(one.name ?? '', other.name ?? '') || one.port - other.port;
}

/** By code units, so that the order is the same on every machine. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
