import { readFileSync } from 'node:fs';
import { Failure, failureLine } from '../exchange/failure.ts';
import { reachesIpv6 } from '../support/interfaces.ts';
import type { Backend, Survey } from './backend.ts';
import { chooseBackend, restore, survey } from './backend.ts';
import type { Run } from './command.ts';
import { runCommand } from './command.ts';
import { filterTable } from './filter.ts';
import { redirectTable } from './redirect.ts';
import { removeFrom } from './remove.ts';
import type { Rules } from './rules.ts';
import { ownPorts } from './rules.ts';
import type { Family, TableRules } from './rule-text.ts';
import { putText, savedRules, takeText } from './transaction.ts';

/** What rules are applied with; tests hand in a machine of their own. */
export interface Machine {
  readonly run: Run;
  /** Whether an application here could reach anything over IPv6. */
  readonly hasIpv6: () => boolean;
  /** The text of a file below /proc/sys; nothing where it cannot be read. */
  readonly setting: (path: string) => string | undefined;
}

/** What was applied. */
export interface Applied {
  readonly backend: Backend;
  /** What became of IPv6: captured, refused on the captured ports, or not there at all. */
  readonly ipv6: 'captured' | 'refused' | 'absent';
  /** One line each, for people. */
  readonly warnings: readonly string[];
}

/** This machine, as root has it. */
export const thisMachine: Machine = {
  run: runCommand,
  hasIpv6: reachesIpv6,
  setting: (path) => {
    try {
      return readFileSync(`/proc/sys/${path}`, 'utf8').trim();
    } catch {
      return undefined;
    }
  },
};

/**
 * Applies the rules in the network namespace of this process; applied twice they stand there once, and
 * applied with others they change in one step a table and family: see `putText`. Redirections come before
 * what is refused, and are taken away after it. What fails leaves what stood before.
 * @throws Failure CAPTURED_PORT_IS_OWN, IPTABLES_MISSING, NET_ADMIN_MISSING, NAT_UNAVAILABLE,
 * IP6TABLES_UNAVAILABLE, SEAL_UNAVAILABLE
 */
export async function applyRules(rules: Rules, machine = thisMachine): Promise<Applied> {
  refuseOwnPorts(rules);
  const found = await survey(machine.run);
  const backend = await chooseBackend(machine.run, { found, asked: rules.backend });
  const kernel: Kernel = { backend, found, machine };
  try {
    await put(kernel, 'v4', redirectTable(rules, 'v4'));
    const v4 = await filter(kernel, rules, { family: 'v4', captured: true });
    const { ipv6, warnings } = await applyIpv6(kernel, rules);
    // Those of another kind go last: of two that stand, one is enough to capture.
    if (backend !== 'plain') await removeFrom(machine.run, found, (other) => other !== backend);
    return { backend, ipv6, warnings: [...v4, ...warnings, ...forwarding(rules, machine)] };
  } catch (error) {
    // The first error is the one to tell; what putting back adds to it is not.
    await putBack(kernel).catch(() => {});
    throw error;
  }
}

/** Refuses to capture a port that magneto itself listens on: it would be sent to itself. @throws Failure CAPTURED_PORT_IS_OWN */
export function refuseOwnPorts(rules: Rules): void {
  const { ports } = rules;
  const own = ports === 'all' ? undefined : ownPorts(rules).find((port) => ports.includes(port));
  if (own === undefined) return;
  throw new Failure('CAPTURED_PORT_IS_OWN', `port ${own} is to be captured, and is magneto's own`);
}

interface Kernel {
  readonly backend: Backend;
  /** What stood before. */
  readonly found: Survey;
  readonly machine: Machine;
}

async function applyIpv6(kernel: Kernel, rules: Rules): Promise<Omit<Applied, 'backend'>> {
  const family = 'v6';
  try {
    await put(kernel, family, redirectTable(rules, family));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (!kernel.machine.hasIpv6()) return { ipv6: 'absent', warnings: [] };
    return refuseIpv6(error, () => filter(kernel, rules, { family, captured: false }));
  }
  return { ipv6: 'captured', warnings: await filter(kernel, rules, { family, captured: true }) };
}

async function refuseIpv6(
  reason: Failure,
  refuse: () => Promise<readonly string[]>,
): Promise<Omit<Applied, 'backend'>> {
  try {
    const warnings = await refuse();
    const words = `IPv6 is refused on the captured ports (${reason.message})`;
    const warning = failureLine(new Failure('IP6TABLES_UNAVAILABLE', words));
    return { ipv6: 'refused', warnings: [warning, ...warnings] };
  } catch (cause) {
    if (cause instanceof Failure && cause.code !== 'FILTER_UNAVAILABLE') throw cause;
    const words = `IPv6 can be neither captured nor refused (${reason.message})`;
    throw new Failure('IP6TABLES_UNAVAILABLE', words, { cause });
  }
}

interface Part {
  readonly family: Family;
  readonly captured: boolean;
}

/** What is refused and counted; where the kernel cannot count, what is refused alone. Gives warnings. */
async function filter(kernel: Kernel, rules: Rules, part: Part): Promise<readonly string[]> {
  const { family, captured } = part;
  const putting = (counted: boolean): Promise<void> =>
    put(kernel, family, filterTable(rules, family, { counted, captured }));
  try {
    await putting(true);
    return [];
  } catch (reason) {
    if (!(reason instanceof Failure)) throw reason;
    if (family === 'v6' && !kernel.machine.hasIpv6()) return [];
    if (rules.sealed) throw new Failure('SEAL_UNAVAILABLE', reason.message, { cause: reason });
    return putting(false).then(
      () => [uncounted(`what gets through is not counted (${reason.message})`)],
      (cause: unknown) => unfiltered(cause, captured),
    );
  }
}

/** Where connections are captured, the rest is a matter for a warning. */
function unfiltered(cause: unknown, captured: boolean): readonly string[] {
  if (!(cause instanceof Failure)) throw cause;
  if (!captured) throw new Failure('FILTER_UNAVAILABLE', cause.message, { cause });
  return [uncounted(`UDP is neither refused nor counted (${cause.message})`)];
}

function uncounted(words: string): string {
  return failureLine(new Failure('FILTER_UNAVAILABLE', words));
}

/** What is not captured has to be passed on by the kernel. */
function forwarding(
  { gateway, forwards }: Rules,
  { setting, hasIpv6 }: Machine,
): readonly string[] {
  if (!gateway || !forwards) return [];
  const wanted = ['net/ipv4/ip_forward', ...(hasIpv6() ? ['net/ipv6/conf/all/forwarding'] : [])];
  const off = wanted.filter((path) => setting(path) === '0');
  return off.map((path) => {
    const words = `${path.replaceAll('/', '.')} is 0: what is not captured of the clients of this gateway goes nowhere`;
    return failureLine(new Failure('FORWARDING_OFF', words));
  });
}

/** Makes our part of a table what it should be. */
async function put(kernel: Kernel, family: Family, wanted: TableRules): Promise<void> {
  const { backend, found, machine } = kernel;
  const saved = found.get(backend)?.[family] ?? new Map();
  await restore(machine.run, { backend, family }, putText(wanted, saved));
}

/** What stood of ours before stands again, and what did not does not. */
async function putBack({ backend, found, machine }: Kernel): Promise<void> {
  const now = (await survey(machine.run)).get(backend);
  for (const family of ['v4', 'v6'] as const) {
    const before = found.get(backend)?.[family] ?? new Map();
    for (const table of ['nat', 'filter'] as const) {
      const former = savedRules(table, before);
      const current = now?.[family] ?? new Map();
      const text = former.chains.length === 0 ? takeText(table, current) : putText(former, current);
      if (text !== undefined) await restore(machine.run, { backend, family }, text);
    }
  }
}
