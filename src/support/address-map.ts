import type { AddressList } from './address-list.ts';
import { createAddressList, addressRange } from './address-list.ts';

/** What was found for an address. */
export interface Found<Value> {
  readonly value: Value;
  /** Whether it stands there for that one address alone, and not for a range around it. */
  readonly single: boolean;
}

/** Values for ranges of addresses. */
export interface AddressMap<Value> {
  /** The value of the narrowest range that an IP address is in. */
  readonly find: (address: string) => Found<Value> | undefined;
}

interface Entry<Value> extends Found<Value> {
  readonly prefix: number;
  readonly list: AddressList;
}

/**
 * A map from IP addresses and CIDR ranges; of equal ranges the first one counts.
 * @throws RangeError naming the range that is none.
 */
export function createAddressMap<Value>(
  given: readonly (readonly [range: string, value: Value])[],
): AddressMap<Value> {
  const entries = given
    .map(([range, value]) => entryOf(range, value))
    .toSorted((one, other) => other.prefix - one.prefix);
  return { find: (address) => entries.find(({ list }) => list.has(address)) };
}

function entryOf<Value>(range: string, value: Value): Entry<Value> {
  const list = createAddressList([range]);
  const { prefix = 0, family = 'ipv4' } = addressRange(range) ?? {};
  return { value, prefix, list, single: prefix === (family === 'ipv4' ? 32 : 128) };
}
