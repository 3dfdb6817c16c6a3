import { isIP } from 'node:net';

/** The bytes of an IP address, as `leafName` writes it: four or sixteen. */
export function addressBytes(address: string): readonly number[] {
  return isIP(address) === 4 ? address.split('.').map(Number) : bytesOf6(address);
}

/** Hexadecimal groups, one run of zeros left out at most. */
function bytesOf6(address: string): readonly number[] {
  const [head = [], tail = []] = address
    .split('::')
    .map((side) => side.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff]);
}
