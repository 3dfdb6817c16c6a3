import { survey } from './backend.ts';
import type { Run } from './command.ts';
import { runCommand } from './command.ts';
import type { Family, Remark } from './rule-text.ts';
import { ownChains, remarks } from './rule-text.ts';
import type { Saved } from './saved.ts';
import { holdsChain } from './saved.ts';

/**
 * What met the rules since they were last applied, both families together. What passes is counted by its
 * first packet (and each further one, until there is an answer), what is refused by each packet.
 */
export interface RuleCounters {
  /** TCP that was let through: its port, destination or user is not one to capture. */
  readonly tcpBypassed: number;
  /** UDP that was let through; questions for names that were captured are not in it. */
  readonly udpPassed: number;
  readonly udpRejected: number;
  /** Over UDP 443. */
  readonly quicRejected: number;
  /** Neither TCP nor UDP: ICMP and its like. */
  readonly otherPassed: number;
  /** Our own, that the seal refused. */
  readonly sealed: number;
  /** Connections that were led to us. */
  readonly captured: number;
}

const counted: Readonly<Record<keyof RuleCounters, Remark>> = {
  tcpBypassed: 'tcpPassed',
  udpPassed: 'udpPassed',
  udpRejected: 'udpRefused',
  quicRejected: 'quic',
  otherPassed: 'otherPassed',
  sealed: 'sealed',
  captured: 'captured',
};

/**
 * What else shows that something passed: packets of a flow whose first one no counter has seen. Where
 * there are any, at least one did.
 */
const traces: Readonly<Partial<Record<keyof RuleCounters, Remark>>> = {
  tcpBypassed: 'tcpOlder',
  udpPassed: 'udpOlder',
  otherPassed: 'otherOlder',
};

/**
 * Reads the counters; nothing where no rules of ours stand, or where the kernel does not count.
 * @throws Failure NET_ADMIN_MISSING
 */
export async function countRules(run: Run = runCommand): Promise<RuleCounters | undefined> {
  const found = await survey(run, { counters: true });
  const [, , count] = ownChains.filter;
  const ours = [...found.values()].find(({ v4 }) => holdsChain(v4, count));
  if (ours === undefined) return undefined;
  const names = Object.keys(counted) as readonly (keyof RuleCounters)[];
  const entries = names.map((name) => [name, countOf(ours, name)] as const);
  // Object.fromEntries forgets the names of the keys.
  return Object.fromEntries(entries) as unknown as RuleCounters;
}

function countOf(saved: Readonly<Record<Family, Saved>>, name: keyof RuleCounters): number {
  const trace = traces[name];
  const flows = sum(saved, remarks[counted[name]]);
  return flows === 0 && trace !== undefined && sum(saved, remarks[trace]) > 0 ? 1 : flows;
}

function sum(saved: Readonly<Record<Family, Saved>>, remark: string): number {
  return [saved.v4, saved.v6]
    .flatMap((family) => [...family.values()])
    .flatMap(({ rules }) => rules)
    .filter((line) => line.includes(` MAGNETO_`) && line.includes(`"${remark}"`))
    .reduce((total, line) => total + Number(/^\[(\d+):/.exec(line)?.[1] ?? 0), 0);
}
