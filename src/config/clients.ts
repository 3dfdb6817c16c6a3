import { isAddressRange } from '../support/address-list.ts';
import { cassetteName, isHostName, list, ValueError } from './values.ts';

/** Clients that have a cassette of their own. */
export interface ClientCassette {
  /** The name of the cassette. */
  readonly cassette: string;
  /** An IP address, a CIDR range, or a name that resolves to the addresses of the clients. */
  readonly at: string;
}

/** More is no topology of containers, and each one is a cassette in memory. */
const clientsMax = 100;

/** `cassette=address`, `cassette=range`, `cassette=alias`; a cassette may have several of them. */
export function clientCassettes(text: string): readonly ClientCassette[] {
  const entries = list(text).map(readEntry);
  if (entries.length > clientsMax) throw new ValueError(`more than ${clientsMax} entries`);
  for (const [index, { at }] of entries.entries()) {
    const again = entries.slice(index + 1).some((other) => other.at === at);
    if (again) throw new ValueError(`"${at}" is there twice`);
  }
  return entries;
}

function readEntry(text: string): ClientCassette {
  // The last one: the name of a cassette may have one too, an address never.
  const middle = text.lastIndexOf('=');
  const [name, where] = [text.slice(0, Math.max(0, middle)).trim(), text.slice(middle + 1).trim()];
  if (middle < 0 || name === '' || where === '') {
    throw new ValueError(`"${text}" is not cassette=client`);
  }
  const at = where.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  // Digits and dots alone are an address that was mistyped, and never a name.
  const isAlias = isHostName(at) && !/^[\d.]+$/.test(at);
  if (!isAddressRange(at) && !isAlias) throw new ValueError(`"${where}" is no client`);
  return { cassette: cassetteName(name), at };
}
