import type { Entry, Recording } from '../cassette/cassette.ts';
import type { Destination } from '../exchange/destination.ts';
import { authorityOf, isUnnamed } from '../exchange/destination.ts';
import type { Line, Play } from './stream-script.ts';
import { playOf } from './stream-script.ts';

/** The raw streams that were recorded of one destination. */
export interface Shelf {
  /** Streams that no connection has had yet, in recorded order; then the others, the last one first. */
  readonly plays: () => readonly Placed[];
  /** Takes one for a connection, in place of another that it had. */
  readonly claim: (placed: Placed, instead?: Placed) => void;
  /** Whether a connection has had it. */
  readonly isClaimed: (placed: Placed) => boolean;
  /** What a server said to this, on whatever connection: in recorded order, then the last again. */
  readonly borrow: (asked: Buffer) => readonly Line[] | undefined;
  /** Whether the server says something before the client does: in all of its streams, in some, in none. */
  readonly serverFirst: 'all' | 'some' | 'none';
  readonly alpn: string | undefined;
}

/** A recorded stream in its place in the recording. */
export interface Placed {
  readonly entry: Entry;
  readonly play: Play;
}

/** The raw streams of a recording, by destination. */
export interface Shelves {
  /** `nameOf` is the name that clients were told an address for. */
  readonly find: (
    destination: Destination,
    nameOf?: (address: string) => string | undefined,
  ) => Shelf | undefined;
}

/** Sorts the raw streams of a recording; each is read when its destination is first asked for. */
export function createShelves({ interactions }: Pick<Recording, 'interactions'>): Shelves {
  const entries = new Map<string, Entry[]>();
  const hosts = new Map<string, Set<string>>();
  for (const [place, interaction] of interactions.entries()) {
    if (interaction.kind !== 'stream') continue;
    const { destination } = interaction.request;
    const entry = { interaction, bodyDigest: '', place };
    push(entries, keyOf(destination), entry);
    const port = portOf(destination);
    hosts.set(port, (hosts.get(port) ?? new Set()).add(destination.host));
  }
  const shelves = new Map<string, Shelf>();
  return {
    find(destination, nameOf = () => undefined) {
      const key = namesOf(destination, nameOf, hosts)
        .map((host) => keyOf({ ...destination, host }))
        .find((one) => entries.has(one));
      if (key === undefined) return undefined;
      const shelf = shelves.get(key) ?? createShelf(entries.get(key) ?? []);
      shelves.set(key, shelf);
      return shelf;
    },
  };
}

/**
 * The hosts that a destination may have been recorded as. Where only its address is known that is the
 * name that was told for it, or the only host that there is for its port: raw bytes bear no name.
 */
function namesOf(
  destination: Destination,
  nameOf: (address: string) => string | undefined,
  hosts: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  const { host, address, learnt } = destination;
  if (address === undefined || (!isUnnamed(destination) && learnt !== 'dns')) return [host];
  const told = nameOf(address);
  const all = [...(hosts.get(portOf(destination)) ?? [])];
  return [host, address, ...(told === undefined ? [] : [told]), ...(all.length === 1 ? all : [])];
}

function createShelf(entries: readonly Entry[]): Shelf {
  const placed = entries.map((entry) => ({ entry, play: playOf(entry.interaction) }));
  const claimed = new Set<Placed>();
  const first = placed.filter(({ play }) => play.serverFirst).length;
  return {
    plays: () => [
      ...placed.filter((one) => !claimed.has(one)),
      ...placed.filter((one) => claimed.has(one)).toReversed(),
    ],
    claim(one, instead) {
      if (instead !== undefined) claimed.delete(instead);
      claimed.add(one);
    },
    isClaimed: (one) => claimed.has(one),
    borrow: lender(placed),
    serverFirst: first === 0 ? 'none' : first === placed.length ? 'all' : 'some',
    alpn: entries.findLast(({ interaction }) => interaction.alpn !== undefined)?.interaction.alpn,
  };
}

/** Replies to equal things asked, on whatever connection: which of a pool gets a command is chance. */
function lender(placed: readonly Placed[]): Shelf['borrow'] {
  let replies: Map<string, { readonly all: (readonly Line[])[]; next: number }> | undefined;
  return (asked) => {
    replies ??= repliesOf(placed);
    const key = asked.toString('latin1');
    const found = replies.get(key);
    if (found === undefined) return undefined;
    const isOver = found.next >= found.all.length;
    found.next += 1;
    // Who asks in a loop, and waits for each reply, would otherwise go round without a pause.
    const waits = placed.some(({ play }) => play.units?.dialect.waits?.(asked) === true);
    return isOver && waits ? [] : (found.all[found.next - 1] ?? found.all.at(-1));
  };
}

function repliesOf(
  placed: readonly Placed[],
): Map<string, { readonly all: (readonly Line[])[]; next: number }> {
  const replies = new Map<string, { readonly all: (readonly Line[])[]; next: number }>();
  for (const { play } of placed) {
    if (play.units?.dialect.repliesTo === undefined) continue;
    for (const { bytes, replies: lines } of play.units.asks) {
      const key = bytes.toString('latin1');
      const found = replies.get(key);
      if (found === undefined) replies.set(key, { all: [lines], next: 0 });
      else found.all.push(lines);
    }
  }
  return replies;
}

function keyOf(destination: Pick<Destination, 'host' | 'port' | 'secure'>): string {
  return `${destination.secure ? 'tls' : 'tcp'} ${authorityOf(destination)}`;
}

function portOf({ port, secure }: Pick<Destination, 'port' | 'secure'>): string {
  return `${secure ? 'tls' : 'tcp'} ${port}`;
}

function push(lists: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}
