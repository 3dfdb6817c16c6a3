import { unpackedData } from './dns-packed.ts';

/** The address whose name is asked for by a name such as `4.3.2.1.in-addr.arpa` (RFC 1035, 3.5; RFC 3596, 2.5). */
export function addressOfReverse(name: string): string | undefined {
  const v4 = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)?.[1];
  if (v4 !== undefined) {
    const bytes = v4.split('.').slice(0, 4).toReversed().map(Number);
    return bytes.every((byte) => byte <= 255) ? bytes.join('.') : undefined;
  }
  const v6 = /^((?:[\da-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (v6 === undefined) return undefined;
  const nibbles = v6.slice(0, -1).split('.').toReversed().join('');
  return String(unpackedData('AAAA', Buffer.from(nibbles, 'hex')));
}
