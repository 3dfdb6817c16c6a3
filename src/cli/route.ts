import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Routed } from '../capture/capture.ts';
import { routeThrough } from '../capture/capture.ts';
import { Failure } from '../exchange/failure.ts';
import { lookUp } from '../network/network.ts';
import type { Streams } from './log.ts';
import { readWords } from './words.ts';

/** What the verb needs. */
export interface RouteVerb {
  readonly streams: Pick<Streams, 'stdout'>;
  /** The words behind `rules route`. */
  readonly words: readonly string[];
  /** What touches the kernel. */
  readonly change?: (addresses: readonly string[]) => Promise<Routed>;
  /** Milliseconds between two questions for the name. */
  readonly pauseMs?: number;
}

/** A container that is being started is not known by its name at once. */
const triesMax = 10;

/**
 * Makes a gateway the only way out of this network namespace; 0 when done.
 * @throws Failure COMMAND_UNKNOWN, ROUTE_FAILED, NET_ADMIN_MISSING
 */
export async function route(verb: RouteVerb): Promise<number> {
  const { streams, words, change = routeThrough, pauseMs = 500 } = verb;
  const { ipv4, ipv6 } = await change(await addressesOf(gatewayIn(words), pauseMs));
  const ways = [`IPv4 ${ipv4 ?? 'leads nowhere'}`, `IPv6 ${ipv6 ?? 'leads nowhere'}`];
  streams.stdout.write(`routed (${ways.join(', ')})\n`);
  return 0;
}

function gatewayIn(words: readonly string[]): string {
  const options = { via: { type: 'string' } } as const;
  const { values } = readWords('rules route', { args: [...words], options });
  if (values.via !== undefined && values.via !== '') return values.via;
  throw new Failure('COMMAND_UNKNOWN', 'rules route takes --via, with an address or a name');
}

/** Looked up before the route is changed: the resolver may be beyond it. */
async function addressesOf(via: string, pauseMs: number): Promise<readonly string[]> {
  if (isIP(via) !== 0) return [via];
  for (let tries = 1; ; tries += 1) {
    const addresses = await lookUp(via);
    if (addresses.length > 0) return addresses;
    if (tries === triesMax) throw new Failure('ROUTE_FAILED', `nobody knows the name ${via}`);
    await sleep(pauseMs);
  }
}
