import { Failure } from '../exchange/failure.ts';
import type { Backend, Place } from './backend.ts';
import { backends, commandOf, restore } from './backend.ts';
import type { Run } from './command.ts';
import { runCommand } from './command.ts';
import type { Family } from './rule-text.ts';
import { readSaved, holdsChain } from './saved.ts';
import { loopback } from './scope.ts';
import { selfTestAddress } from './self-test.ts';
import { transaction } from './transaction.ts';

/** What became of a family's last-resort route. */
export type RouteState =
  /** There is a route to the outside already. */
  | 'there'
  /** There was none, and one over the loopback device was made. */
  | 'made'
  /** There is none, and none could be made (no `ip`, no right to, the family is off). */
  | 'absent';

/**
 * Without a route a connection fails before any rule of the kernel sees it (`network_mode: none`,
 * `internal: true`). A route over the loopback device lets it come as far as the rules. It has the
 * highest metric there is, so that it is taken only where there is no other, and what the rules do
 * not capture is refused at once, as it would be without a route. Where one family leads outside, the
 * other is left alone: what seemed to lead there as well would only be tried in vain.
 */
export async function makeRoutes(
  families: readonly Family[],
  { backend, run = runCommand }: { readonly backend: Backend; readonly run?: Run },
): Promise<Readonly<Partial<Record<Family, RouteState>>>> {
  const ways = await Promise.all(
    (['v4', 'v6'] as const).map((family) => wayOut(selfTestAddress(family), run)),
  );
  const connected = ways.includes('outside');
  const states: Partial<Record<Family, RouteState>> = {};
  for (const family of families) {
    const way = ways[family === 'v4' ? 0 : 1] ?? 'unknown';
    if (way === 'outside') states[family] = 'there';
    else if (connected || way === 'unknown') states[family] = 'absent';
    else states[family] = await makeRoute(run, { family, backend }, way);
  }
  return states;
}

/** Removes the routes, addresses and rules of `makeRoutes`, and nothing else. */
export async function removeRoutes(run: Run = runCommand): Promise<void> {
  for (const family of ['v4', 'v6'] as const) {
    await ip(run, family, ['route', 'del', ...lastResort]);
    await ip(run, family, ['address', 'del', standIns[family], 'dev', 'lo']);
    for (const backend of backends) await stopRefusing(run, { backend, family });
  }
}

/** Where a connection to an address would leave; `unknown` where that cannot be found out. */
export async function wayOut(
  address: string,
  run: Run = runCommand,
): Promise<'outside' | 'loopback' | 'nowhere' | 'unknown'> {
  const found = await ip(run, familyOf(address), ['route', 'get', address]);
  if (found.missing) return 'unknown';
  // A route that says "unreachable" or "prohibit" is found as well, and is none.
  const none = /^\s*(?:unreachable|prohibit|blackhole)\b/.test(found.stdout);
  if (!found.ok || none) return 'nowhere';
  return / dev lo\b/.test(found.stdout) ? 'loopback' : 'outside';
}

/**
 * Runs a body while test connections have a route, also where nothing else has one: over loopback,
 * from a loopback address, to the addresses of the test alone.
 */
export async function withTestRoutes<Result>(
  addresses: readonly string[],
  body: () => Promise<Result>,
  run: Run = runCommand,
): Promise<Result> {
  const made: string[] = [];
  for (const address of addresses) {
    if ((await wayOut(address, run)) !== 'nowhere') continue;
    const { ok } = await ip(run, familyOf(address), ['route', 'add', ...testRoute(address)]);
    if (ok) made.push(address);
  }
  try {
    return await body();
  } finally {
    for (const address of made) {
      await ip(run, familyOf(address), ['route', 'del', ...testRoute(address)]);
    }
  }
}

/** The chain that refuses what left by a last-resort route and was not captured. */
const refuseChain = 'MAGNETO_OFFLINE';

/** The metric of a route that any other one goes before. */
const lastResort = ['default', 'dev', 'lo', 'metric', '4294967295'] as const;

/**
 * An address to connect from, where there is no other: those set aside for exactly that, which are
 * nobody's destination (RFC 7600 for IPv4, RFC 9780 for IPv6). Not one of 127/8, by which
 * resolvers tell a machine without a network (AI_ADDRCONFIG).
 */
const standIns: Readonly<Record<Family, string>> = {
  v4: '192.0.0.8/32',
  v6: '100:0:0:1::8/128',
};

function testRoute(address: string): readonly string[] {
  if (familyOf(address) === 'v6') return [`${address}/128`, 'dev', 'lo'];
  return [`${address}/32`, 'dev', 'lo', 'src', '127.0.0.1'];
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'v6' : 'v4';
}

async function makeRoute(run: Run, place: Place, way: 'loopback' | 'nowhere'): Promise<RouteState> {
  const { family } = place;
  // First of all, as nothing may hang on a packet that goes nowhere.
  if (!(await refuseUncaptured(run, place))) return 'absent';
  // Ours from an earlier start, as a rule.
  if (way === 'loopback') return 'made';
  if (!(await hasAddress(run, family))) {
    await ip(run, family, ['address', 'add', standIns[family], 'dev', 'lo']);
  }
  const { ok } = await ip(run, family, ['route', 'add', ...lastResort]);
  return ok ? 'made' : 'absent';
}

async function hasAddress(run: Run, family: Family): Promise<boolean> {
  const { ok, stdout } = await ip(run, family, ['-o', 'address', 'show', 'scope', 'global']);
  return ok && stdout.trim() !== '';
}

/**
 * Over the loopback device nobody answers for what is not captured, so that a client would wait for
 * its own time-out: a reset, or a word that nobody listens, tells it at once. First in OUTPUT, so that
 * nothing of it is counted as let through.
 */
async function refuseUncaptured(run: Run, place: Place): Promise<boolean> {
  const { family } = place;
  const saved = await run(commandOf(place, '-save'), []);
  if (!saved.ok) return false;
  const stands = saved.stdout.split('\n').includes(`-A ${jump}`);
  const unreachable = family === 'v4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
  const rule = `-A ${refuseChain}`;
  const lines = [
    `:${refuseChain} - [0:0]`,
    `${rule} -d ${loopback[family]} -j RETURN`,
    `${rule} -m addrtype --dst-type LOCAL -j RETURN`,
    `${rule} -p tcp -j REJECT --reject-with tcp-reset`,
    `${rule} -j REJECT --reject-with ${unreachable}`,
    ...(stands ? [] : [`-I ${jump.replace('OUTPUT', 'OUTPUT 1')}`]),
  ];
  try {
    await restore(run, place, transaction('filter', lines));
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

const jump = `OUTPUT -o lo -m comment --comment magneto -j ${refuseChain}`;

async function stopRefusing(run: Run, place: Place): Promise<void> {
  const saved = await run(commandOf(place, '-save'), []);
  if (!saved.ok || !holdsChain(readSaved(saved.stdout), refuseChain)) return;
  const lines = [`-D ${jump}`, `-F ${refuseChain}`, `-X ${refuseChain}`];
  await restore(run, place, transaction('filter', lines));
}

function ip(run: Run, family: Family, words: readonly string[]): ReturnType<Run> {
  return run('ip', [family === 'v4' ? '-4' : '-6', ...words]);
}
