/** A version of the Internet Protocol; each has rules of its own. */
export type Family = 'v4' | 'v6';

/** The tables that hold rules of ours. */
export type Table = 'nat' | 'filter';

/** One chain of ours. */
export interface ChainRules {
  readonly name: string;
  /** Lines of `iptables-restore`. */
  readonly rules: readonly string[];
}

/** A chain of the kernel's, and the one of ours that it leads into, first of all. */
export interface Hook {
  readonly from: 'OUTPUT' | 'PREROUTING' | 'FORWARD';
  readonly into: string;
}

/** All of ours in one table. */
export interface TableRules {
  readonly table: Table;
  readonly chains: readonly ChainRules[];
  readonly hooks: readonly Hook[];
}

/** The chains that we make, by table. */
export const ownChains = {
  nat: ['MAGNETO_OUTPUT', 'MAGNETO_PREROUTING'],
  filter: ['MAGNETO_FILTER', 'MAGNETO_FORWARD', 'MAGNETO_COUNT'],
} as const satisfies Record<Table, readonly string[]>;

/** Chains that stand only for a moment, and one of an older release. */
const passing = /^MAGNETO_(?:PROBE|CHECK_[A-Z]+|BLOCK)$/;

/** Whether a chain is one of those that these rules make; the ones that stand in for routes are not. */
export function isOurs(chain: string): boolean {
  const names: readonly string[] = [...ownChains.nat, ...ownChains.filter];
  return names.includes(chain) || passing.test(chain);
}

/** What our rules say of themselves; those that are counted are found again by these words. */
export const remarks = {
  own: 'magneto: its own traffic',
  ownAnswers: 'magneto: its own answers',
  sealed: 'magneto: sealed',
  names: 'magneto: names',
  resolver: "magneto: Docker's resolver asks on",
  loopback: 'magneto: loopback',
  here: 'magneto: for this machine',
  ownPorts: 'magneto: its own ports',
  leftAlone: 'magneto: left alone',
  captured: 'magneto: captured ports',
  tested: 'magneto: for the self-test',
  answers: 'magneto: answers',
  detours: 'magneto: no ways past us',
  quic: 'magneto: QUIC is refused',
  udpRefused: 'magneto: UDP is refused',
  notForwarded: 'magneto: nothing is passed on',
  notCaptured: 'magneto: IPv6 is not captured here',
  tooEarly: 'magneto: older than these rules',
  tails: 'magneto: ends of what is closed',
  noConnection: 'magneto: of no connection',
  passed: 'magneto: what gets through',
  tcpPassed: 'magneto: TCP let through',
  udpPassed: 'magneto: UDP let through',
  otherPassed: 'magneto: others let through',
  tcpOlder: 'magneto: TCP of a flow let through',
  udpOlder: 'magneto: UDP of a flow let through',
  otherOlder: 'magneto: others of a flow let through',
  madeTable: 'magneto: made this table',
} as const;

/** One of the remarks. */
export type Remark = keyof typeof remarks;

/** What iptables matches at most in one rule of the multiport extension. */
const portsMax = 15;

/** The rule in a chain of the kernel's that leads into one of ours, without its `-A`. */
export function jump({ from, into }: Hook): string {
  return `${from} -m comment --comment magneto -j ${into}`;
}

/** A line that adds a rule; without a target it only counts. */
export function rule(
  chain: string,
  match: string,
  how: { readonly remark: Remark; readonly target?: string },
): string {
  const target = how.target === undefined ? '' : ` ${how.target}`;
  const matches = match === '' ? '' : `${match} `;
  return `-A ${chain} ${matches}-m comment --comment "${remarks[how.remark]}"${target}`;
}

/** The ports as the multiport extension takes them, sorted and each once. */
export function grouped(ports: readonly number[]): readonly string[] {
  const sorted = [...new Set(ports)].toSorted((one, other) => one - other);
  const groups: string[] = [];
  for (let at = 0; at < sorted.length; at += portsMax) {
    groups.push(sorted.slice(at, at + portsMax).join(','));
  }
  return groups;
}

/** Those of some addresses and CIDR ranges that are of a family. */
export function ofFamily(ranges: readonly string[], family: Family): readonly string[] {
  return ranges.filter((range) => range.includes(':') === (family === 'v6'));
}
