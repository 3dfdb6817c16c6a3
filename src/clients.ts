import type { AddressList } from './support/address-list.ts';
import { createAddressList, isAddressRange } from './support/address-list.ts';
import { createAddressMap } from './support/address-map.ts';

/** Which cassette a client belongs to. */
export interface Clients {
  /** The cassette's name; nothing for a client that is not listed. At once, unless names have to be resolved for it. */
  readonly cassetteOf: (address: string) => string | undefined | Promise<string | undefined>;
}

/** What telling clients apart needs. */
export interface ClientsOptions {
  readonly entries: readonly { readonly cassette: string; readonly at: string }[];
  /** The addresses of a name, none where nobody knows it; never rejects. */
  readonly lookUp: (name: string) => Promise<readonly string[]>;
  /** Takes one line for people. */
  readonly tell: (line: string) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** A container that comes anew has another address, and a second container may have its old one. */
const knownMs = 30_000;
/** A client that nobody knows may be a container that has just come. */
const unknownMs = 1_000;
/** Clients are not kept waiting for a resolver that says nothing. */
const patienceMs = 1_000;
/** However slow the resolver is, clients spend no more than a tenth of the time waiting for it. */
const restShare = 9;

interface Alias {
  readonly name: string;
  readonly cassette: string;
  addresses: readonly string[];
  list: AddressList;
  /** When the question under way was asked, or the last one answered. */
  askedAt: number;
  tookMs: number;
  asking: Promise<void> | undefined;
}

/** Tells clients apart by address; names are resolved before it resolves, as far as they can be. */
export async function createClients(options: ClientsOptions): Promise<Clients> {
  const { entries, now = () => performance.now() } = options;
  const fixed = createAddressMap(
    entries.filter(({ at }) => isAddressRange(at)).map(({ cassette, at }) => [at, cassette]),
  );
  const aliases = entries.filter(({ at }) => !isAddressRange(at)).map(aliasOf);
  const resolver = { ...options, now };
  await within(
    patienceMs,
    aliases.map((alias) => resolve(resolver, alias)),
  );
  for (const { name, cassette, addresses } of aliases) {
    if (addresses.length === 0) options.tell(unresolved(name, cassette));
  }
  return {
    cassetteOf(address) {
      const given = fixed.find(address);
      if (given?.single === true || aliases.length === 0) return given?.value;
      const known = aliases.find(({ list }) => list.has(address));
      const oldest = now() - (known === undefined ? unknownMs : knownMs);
      const due = aliases.filter((alias) => isDue(alias, oldest, now()));
      if (due.length === 0) return known?.cassette ?? given?.value;
      return within(
        patienceMs,
        due.map((alias) => resolve(resolver, alias)),
      ).then(() => aliases.find(({ list }) => list.has(address))?.cassette ?? given?.value);
    },
  };
}

function aliasOf({ cassette, at }: ClientsOptions['entries'][number]): Alias {
  const none = createAddressList([]);
  return {
    name: at,
    cassette,
    addresses: [],
    list: none,
    askedAt: 0,
    tookMs: 0,
    asking: undefined,
  };
}

function isDue({ askedAt, tookMs, asking }: Alias, oldest: number, now: number): boolean {
  // Who is being asked is waited for, unless he has been silent for long already.
  if (asking !== undefined) return now - askedAt < patienceMs / 2;
  return askedAt <= oldest && now - askedAt >= tookMs * restShare;
}

/** Resolves a name anew; those who ask meanwhile share the answer. */
function resolve(
  { lookUp, tell, now }: ClientsOptions & { readonly now: () => number },
  alias: Alias,
): Promise<void> {
  if (alias.asking !== undefined) return alias.asking;
  const startedAt = now();
  alias.askedAt = startedAt;
  alias.asking = lookUp(alias.name).then((found) => {
    alias.asking = undefined;
    alias.askedAt = now();
    alias.tookMs = alias.askedAt - startedAt;
    const addresses = found.toSorted();
    // A name that is not known for now keeps its addresses: a container that stops is not yet another.
    if (addresses.length === 0 || String(addresses) === String(alias.addresses)) return;
    alias.addresses = addresses;
    alias.list = createAddressList(addresses);
    tell(`MAGNETO_CLIENTS: ${alias.name} is ${addresses.join(', ')}: cassette ${alias.cassette}`);
  });
  return alias.asking;
}

/** Waits for all of them, but not longer than a limit. */
async function within(limitMs: number, all: readonly Promise<void>[]): Promise<void> {
  if (all.length === 0) return;
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const timer = setTimeout(end, limitMs);
  await Promise.race([Promise.all(all), over]);
  clearTimeout(timer);
}

function unresolved(name: string, cassette: string): string {
  return `MAGNETO_CLIENTS: ${name} does not resolve so far; when it does, it has cassette ${cassette}`;
}
