import { Failure, failureLine } from '../exchange/failure.ts';
import { reachesIpv6 } from '../support/interfaces.ts';
import type { Backend } from './backend.ts';
import { backends, chooseBackend, commandOf, holdsChain, refused } from './backend.ts';
import type { Run } from './command.ts';
import { runCommand } from './command.ts';
import type { Chain, Family, Rules } from './rules.ts';
import { blockChain, blockRules, jumpTo, redirectChain, redirectRules } from './rules.ts';

/** What rules are applied with; tests hand in a machine of their own. */
export interface Machine {
  readonly run: Run;
  /** Whether an application here could reach anything over IPv6. */
  readonly hasIpv6: () => boolean;
}

/** What was applied. */
export interface Applied {
  readonly backend: Backend;
  /** What became of IPv6: captured, refused on the captured ports, or not there at all. */
  readonly ipv6: 'captured' | 'refused' | 'absent';
  /** One line each, for people. */
  readonly warnings: readonly string[];
}

const thisMachine: Machine = { run: runCommand, hasIpv6: reachesIpv6 };

/** How often a jump may stand in OUTPUT before we give up taking it out. */
const jumpsMax = 100;

/**
 * Applies the rules in the network namespace of this process; applied twice they stand there once.
 * @throws Failure CAPTURED_PORT_IS_OWN, IPTABLES_MISSING, NET_ADMIN_MISSING, NAT_UNAVAILABLE,
 * IP6TABLES_UNAVAILABLE
 */
export async function applyRules(rules: Rules, machine = thisMachine): Promise<Applied> {
  refuseOwnPorts(rules);
  const backend = await chooseBackend(machine.run);
  await put(
    machine.run,
    { backend, family: 'v4', chain: redirectChain },
    redirectRules(rules, 'v4'),
  );
  try {
    return { backend, ...(await applyIpv6(rules, backend, machine)) };
  } catch (error) {
    // The first error is the one to tell; what removing adds to it is not.
    await removeRules(machine).catch(() => {});
    throw error;
  }
}

/**
 * Removes whatever rules of ours stand in the network namespace of this process, and nothing else.
 * @throws Failure NET_ADMIN_MISSING, NAT_UNAVAILABLE
 */
export async function removeRules({ run } = thisMachine): Promise<void> {
  for (const backend of backends) {
    for (const family of ['v4', 'v6'] as const) {
      for (const chain of [redirectChain, blockChain]) {
        await takeAway(run, { backend, family, chain });
      }
    }
  }
}

/** Refuses to capture a port that magneto itself listens on: it would be sent to itself. @throws Failure CAPTURED_PORT_IS_OWN */
export function refuseOwnPorts({ ports, proxyPort, dnsPort }: Rules): void {
  const own = [proxyPort, dnsPort].find((port) => port !== undefined && ports.includes(port));
  if (own === undefined) return;
  throw new Failure('CAPTURED_PORT_IS_OWN', `port ${own} is to be captured, and is magneto's own`);
}

interface Place {
  readonly backend: Backend;
  readonly family: Family;
  readonly chain: Chain;
}

async function applyIpv6(
  rules: Rules,
  backend: Backend,
  { run, hasIpv6 }: Machine,
): Promise<Omit<Applied, 'backend'>> {
  const nat = { backend, family: 'v6', chain: redirectChain } as const;
  const filter = { backend, family: 'v6', chain: blockChain } as const;
  try {
    await put(run, nat, redirectRules(rules, 'v6'));
    await takeAway(run, filter);
    return { ipv6: 'captured', warnings: [] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (!hasIpv6()) return { ipv6: 'absent', warnings: [] };
    return refuseIpv6(error, () => put(run, filter, blockRules(rules)));
  }
}

async function refuseIpv6(
  reason: Failure,
  block: () => Promise<void>,
): Promise<Omit<Applied, 'backend'>> {
  try {
    await block();
  } catch (cause) {
    const words = `IPv6 can be neither captured nor refused (${reason.message})`;
    throw new Failure('IP6TABLES_UNAVAILABLE', words, { cause });
  }
  const words = `IPv6 is refused on the captured ports (${reason.message})`;
  return { ipv6: 'refused', warnings: [failureLine(new Failure('IP6TABLES_UNAVAILABLE', words))] };
}

/** Fills a chain of ours, and leads OUTPUT into it, first of all, unless it does so already. */
async function put(run: Run, place: Place, text: string): Promise<void> {
  const { chain } = place;
  const restored = await run(commandOf(place, '-restore'), ['--noflush', ...waiting(place)], text);
  if (!restored.ok) throw refused(commandOf(place, '-restore'), restored);
  if (await jumps(run, place)) return;
  const command = commandOf(place);
  const jump = [...inTable(place), '-I', 'OUTPUT', '1', ...jumpTo(chain)];
  const inserted = await run(command, jump);
  if (!inserted.ok) throw refused(command, inserted);
}

async function takeAway(run: Run, place: Place): Promise<void> {
  const { chain } = place;
  const saved = await run(commandOf(place, '-save'), []);
  if (!saved.ok) {
    const failure = refused(commandOf(place, '-save'), saved);
    if (failure.code === 'NET_ADMIN_MISSING') throw failure;
    // A kernel that has none of it holds none of ours.
    return;
  }
  if (!holdsChain(saved.stdout, chain.name)) return;
  const table = inTable(place);
  for (let left = jumpsMax; left > 0 && (await jumps(run, place)); left -= 1) {
    await run(commandOf(place), [...table, '-D', 'OUTPUT', ...jumpTo(chain)]);
  }
  for (const step of ['-F', '-X']) {
    const done = await run(commandOf(place), [...table, step, chain.name]);
    if (!done.ok) throw refused(commandOf(place), done);
  }
}

async function jumps(run: Run, place: Place): Promise<boolean> {
  const check = [...inTable(place), '-C', 'OUTPUT', ...jumpTo(place.chain)];
  return (await run(commandOf(place), check)).ok;
}

function inTable(place: Place): readonly string[] {
  return [...waiting(place), '-t', place.chain.table];
}

/** Only the older kind takes turns by a lock, and only it knows the flag in every release. */
function waiting({ backend }: Place): readonly string[] {
  return backend === 'legacy' ? ['--wait', '20'] : [];
}
