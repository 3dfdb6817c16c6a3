import type { AddressList } from './support/address-list.ts';
import { createAddressList, isAddressRange } from './support/address-list.ts';
import { createAddressMap } from './support/address-map.ts';
import { createBoundedCache } from './support/bounded-cache.ts';

/** Which cassette a client belongs to. */
export interface Clients {
  /** The cassette's name; nothing for a client that is not listed. At once, unless names have to be resolved for it. */
  readonly cassetteOf: (address: string) => string | undefined | Promise<string | undefined>;
}

/** What telling clients apart needs. */
export interface ClientsOptions {
  readonly entries: readonly { readonly cassette: string; readonly at: string }[];
  /** The addresses of a name, none where nobody knows it; never rejects, and takes no longer than a client can wait. */
  readonly lookUp: (name: string) => Promise<readonly string[]>;
  /** Takes one line for people. */
  readonly tell: (line: string) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** A container that comes anew has another address, and a second container may have its old one. */
const knownMs = 30_000;
/** For so long nobody is asked again about a client that no name leads to. */
const strangerMs = 5_000;
/** For so long all who come share an answer, so that a crowd of strangers is no crowd of questions. */
const sharedMs = 100;
/** Strangers that are remembered; forgotten ones are asked about again. */
const strangersMax = 1_000;

interface Alias {
  readonly name: string;
  readonly cassette: string;
  addresses: readonly string[];
  list: AddressList;
  /** When it last resolved. */
  confirmedAt: number;
  askedAt: number;
  answer: Promise<void>;
}

interface Names extends ClientsOptions {
  readonly now: () => number;
  readonly aliases: readonly Alias[];
}

/** Tells clients apart by address; names are resolved before it resolves, as far as they can be. */
export async function createClients(options: ClientsOptions): Promise<Clients> {
  const { entries, now = () => performance.now() } = options;
  const fixed = createAddressMap(
    entries.filter(({ at }) => isAddressRange(at)).map(({ cassette, at }) => [at, cassette]),
  );
  const aliases = entries.filter(({ at }) => !isAddressRange(at)).map(aliasOf);
  const names = { ...options, now, aliases };
  await Promise.all(aliases.map((alias) => resolve(names, alias)));
  for (const { name, cassette, addresses } of aliases) {
    if (addresses.length === 0) options.tell(unresolved(name, cassette));
  }
  const strangers = createBoundedCache<true>(strangersMax, now);
  const findOut = async (address: string): Promise<string | undefined> => {
    const known = await resolveFor(names, address);
    if (known === undefined) strangers.set(address, true, now() + strangerMs);
    return known?.cassette;
  };
  return {
    cassetteOf(address) {
      const given = fixed.find(address);
      if (given?.single === true || aliases.length === 0) return given?.value;
      const known = aliasAt(names, address);
      if (known !== undefined && now() - known.confirmedAt < knownMs) return known.cassette;
      if (strangers.get(address) === true) return given?.value;
      return findOut(address).then((cassette) => cassette ?? given?.value);
    },
  };
}

function aliasOf({ cassette, at }: ClientsOptions['entries'][number]): Alias {
  return {
    name: at,
    cassette,
    addresses: [],
    list: createAddressList([]),
    confirmedAt: Number.NEGATIVE_INFINITY,
    askedAt: Number.NEGATIVE_INFINITY,
    answer: Promise.resolve(),
  };
}

/** The name that leads to an address; of several, the one that last did. */
function aliasAt({ aliases }: Pick<Names, 'aliases'>, address: string): Alias | undefined {
  return aliases
    .filter(({ list }) => list.has(address))
    .toSorted((one, other) => other.confirmedAt - one.confirmedAt)[0];
}

/** Resolves all names, and waits until one of them leads to an address, or none does. */
async function resolveFor(names: Names, address: string): Promise<Alias | undefined> {
  const since = names.now() - sharedMs;
  const { promise: found, resolve: find } = Promise.withResolvers<void>();
  const asked = names.aliases.map(async (alias) => {
    await resolve(names, alias);
    if (alias.confirmedAt >= since && alias.list.has(address)) find();
  });
  await Promise.race([found, Promise.all(asked)]);
  return aliasAt(names, address);
}

/** Resolves a name, unless that was just done. */
function resolve({ lookUp, tell, now }: Names, alias: Alias): Promise<void> {
  if (now() - alias.askedAt < sharedMs) return alias.answer;
  alias.askedAt = now();
  alias.answer = lookUp(alias.name).then((found) => {
    // A name that nobody knows keeps its addresses: a container that is stopped is not yet another one.
    if (found.length === 0) return;
    alias.confirmedAt = now();
    const addresses = found.toSorted();
    if (String(addresses) === String(alias.addresses)) return;
    alias.addresses = addresses;
    alias.list = createAddressList(addresses);
    tell(`MAGNETO_CLIENTS: ${alias.name} is ${addresses.join(', ')}: cassette ${alias.cassette}`);
  });
  return alias.answer;
}

function unresolved(name: string, cassette: string): string {
  return `MAGNETO_CLIENTS: ${name} does not resolve so far; when it does, it has cassette ${cassette}`;
}
