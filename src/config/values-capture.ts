import { isAddressRange } from '../support/address-list.ts';
import { list, ports, ValueError } from './values.ts';

/** `all`, or ports of servers. */
export function capturedPorts(text: string): readonly number[] | 'all' {
  return text.trim().toLowerCase() === 'all' ? 'all' : ports(text);
}

/** IP addresses and CIDR ranges of destinations, of either family; each once. */
export function addressRanges(text: string): readonly string[] {
  const ranges = list(text).map((member) => member.toLowerCase());
  // A v4-mapped one belongs to neither: no packet of IPv6 has it.
  const wrong = ranges.find((range) => !isAddressRange(range) || /[:].*[.]|^::ffff:/.test(range));
  if (wrong !== undefined) throw new ValueError(`"${wrong}" is no address or CIDR range`);
  return [...new Set(ranges)];
}

/** Users by number, or ranges of them (`1000-1999`): as the kernel knows them, for names are looked up elsewhere. */
export function users(text: string): readonly string[] {
  const members = list(text);
  const wrong = members.find((member) => !isUsers(member));
  if (wrong !== undefined) throw new ValueError(`"${wrong}" is no number of a user`);
  return [...new Set(members)];
}

function isUsers(member: string): boolean {
  const [, from, to] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(member) ?? [];
  const numbers = [Number(from), Number(to ?? from)] as const;
  return numbers[0] <= numbers[1] && numbers[1] <= 2 ** 32 - 2;
}
