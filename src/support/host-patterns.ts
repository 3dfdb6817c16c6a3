import { BlockList, isIP } from 'node:net';
import { addressRange, plainAddress } from './address-list.ts';

/** Whom a pattern is asked of. */
export interface HostAndPort {
  /** Lower-case name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A set of hosts, some of them on certain ports only. */
export interface HostPatterns {
  /** Whether one of the patterns means this host on this port. */
  readonly has: (target: HostAndPort) => boolean;
  /** Whether one of the patterns means this host, on whatever port. */
  readonly hasHost: (host: string) => boolean;
}

/** What one pattern means: a name, all names below one, or a range of addresses; on a port or on all. */
interface Pattern {
  readonly matches: (host: string) => boolean;
  readonly port: number | undefined;
}

/**
 * The hosts of patterns: `db.example.org`, `*.example.org` (any depth), `*`, IP addresses and CIDR
 * ranges, each with a port behind it or without (`db:5432`, `10.0.0.0/8:5432`, `[fd00::/8]:5432`).
 * @throws RangeError naming the pattern that is none.
 */
export function createHostPatterns(texts: readonly string[]): HostPatterns {
  const patterns = texts.map((text) => {
    const pattern = parsePattern(text);
    if (pattern === undefined) throw new RangeError(`${text} is no host, address or range`);
    return pattern;
  });
  return {
    has: ({ host, port }) =>
      patterns.some((one) => (one.port === undefined || one.port === port) && one.matches(host)),
    hasHost: (host) => patterns.some(({ matches }) => matches(host)),
  };
}

/** Whether a text is such a pattern. */
export function isHostPattern(text: string): boolean {
  return parsePattern(text) !== undefined;
}

function parsePattern(text: string): Pattern | undefined {
  const bare = matcher(text);
  // An IPv6 address without brackets: what stands behind its last colon is no port.
  if (bare !== undefined) return { matches: bare, port: undefined };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const matches = matcher(bracketed ?? plain ?? '');
  const port = digits === undefined ? undefined : Number(digits);
  if (matches === undefined || port === 0 || (port ?? 0) > 65_535) return undefined;
  return { matches, port };
}

function matcher(text: string): ((host: string) => boolean) | undefined {
  const range = addressRange(text);
  if (range !== undefined) {
    const list = new BlockList();
    list.addSubnet(range.address, range.prefix, range.family);
    return (host) => {
      const address = plainAddress(host);
      const family = isIP(address);
      return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
    };
  }
  const name = text.toLowerCase().replace(/\.$/, '');
  if (text === '*') return () => true;
  const below = name.startsWith('*.') ? name.slice(1) : undefined;
  if (!isName(below?.slice(1) ?? name)) return undefined;
  if (below === undefined) return (host) => host === name;
  return (host) => host.endsWith(below) && host.length > below.length;
}

/** A host name; one whose last label is a number would be taken for an address (RFC 1123, 2.1). */
function isName(text: string): boolean {
  const label = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?';
  if (text.length > 253 || !new RegExp(`^${label}(?:\\.${label})*$`).test(text)) return false;
  return !/(?:^|\.)\d+$/.test(text);
}
