import { isIP } from 'node:net';
import { Failure } from '../exchange/failure.ts';
import type { Run } from './command.ts';
import { runCommand } from './command.ts';

/** What became of the ways out. */
export interface Routed {
  /** The gateway of each family; nothing where the gateway has no address of it, and no way out is left. */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

/**
 * Makes a gateway the only way out of the network namespace of this process, in both families: one that
 * the gateway has no address of is left without any, as what went another way would not be captured.
 * Networks that it is in itself are reached as ever.
 * @throws Failure ROUTE_FAILED, NET_ADMIN_MISSING
 */
export async function routeThrough(
  addresses: readonly string[],
  run: Run = runCommand,
): Promise<Routed> {
  const ipv4 = addresses.find((address) => isIP(address) === 4);
  const ipv6 = addresses.find((address) => isIP(address) === 6);
  if (ipv4 === undefined && ipv6 === undefined) {
    throw new Failure('ROUTE_FAILED', 'the gateway has no address');
  }
  // Every other way out first: what is routed nowhere goes nowhere, even where the next step fails.
  for (const family of ['-4', '-6']) await ip(run, [family, 'route', 'flush', 'exact', 'default']);
  for (const via of [ipv4, ipv6]) {
    if (via === undefined) continue;
    await ip(run, [isIP(via) === 4 ? '-4' : '-6', 'route', 'add', 'default', 'via', via]);
  }
  return { ipv4, ipv6 };
}

async function ip(run: Run, args: readonly string[]): Promise<void> {
  const { ok, missing, stderr } = await run('ip', args);
  if (ok) return;
  if (missing) throw new Failure('ROUTE_FAILED', 'there is no ip (iproute2) here');
  const words = stderr.trim().split('\n')[0] ?? '';
  // A kernel without IPv6 has no route of it to take away.
  if (args.includes('flush') && !forbidden.test(words)) return;
  const detail = `ip ${args.join(' ')}: ${words}`;
  throw new Failure(forbidden.test(words) ? 'NET_ADMIN_MISSING' : 'ROUTE_FAILED', detail);
}

const forbidden = /not permitted|permission denied/i;
