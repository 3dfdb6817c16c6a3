import { BlockList, isIP } from 'node:net';

/** A set of addresses: those of some CIDR ranges. */
export interface AddressList {
  /** Whether an IP address (as `socket.remoteAddress` has it, v4-mapped or with a zone) is in one of the ranges. */
  readonly has: (address: string) => boolean;
}

/**
 * The addresses of CIDR ranges (`10.0.0.0/8`, `fc00::/7`) and of single addresses (`127.0.0.1`).
 * @throws RangeError naming the range that is none.
 */
export function createAddressList(ranges: readonly string[]): AddressList {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return {
    has: (address) => {
      const plain = plainAddress(address);
      const family = isIP(plain);
      return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** Whether a text is an IP address or a CIDR range (RFC 4632, RFC 4291 2.3). */
export function isAddressRange(text: string): boolean {
  return addressRange(text) !== undefined;
}

function addRange(list: BlockList, range: string): void {
  const parsed = addressRange(range);
  if (parsed === undefined) throw new RangeError(`${range} is no IP address or CIDR range`);
  list.addSubnet(parsed.address, parsed.prefix, parsed.family);
}

/** A range of addresses: those that begin like `address`, over `prefix` bits. */
export interface AddressRange {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** The range that a text means, an IPv4 one also where it is written as v4-mapped; nothing where it is none. */
export function addressRange(text: string): AddressRange | undefined {
  const match = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text);
  const written = match?.[1];
  if (written === undefined || isIP(written) === 0) return undefined;
  const mapped = mappedAddress(written);
  const address = mapped ?? written;
  const bits = isIP(address) === 4 ? 32 : 128;
  const lostBits = mapped === undefined ? 0 : 96;
  const prefix = match?.[2] === undefined ? bits : Number(match[2]) - lostBits;
  if (prefix < 0 || prefix > bits) return undefined;
  return { address, prefix, family: bits === 32 ? 'ipv4' : 'ipv6' };
}

/** An address as it is compared. A socket on `::` sees IPv4 clients as `::ffff:10.0.0.1`, and link-local ones with a zone (`fe80::1%eth0`). */
export function plainAddress(address: string): string {
  const zone = address.indexOf('%');
  const bare = zone === -1 ? address : address.slice(0, zone);
  return unmapped(bare);
}

/** An IPv4 address as such, also where an IPv6 socket spells it; a zone stays. */
export function unmapped(address: string): string {
  return mappedAddress(address) ?? address;
}

/** The IPv4 address in a v4-mapped IPv6 one (RFC 4291, 2.5.5.2), in either spelling of its last 32 bits. */
function mappedAddress(address: string): string | undefined {
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const words = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (words?.[1] === undefined || words[2] === undefined) return undefined;
  const high = Number.parseInt(words[1], 16);
  const low = Number.parseInt(words[2], 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
