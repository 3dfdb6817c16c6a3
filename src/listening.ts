import type { Logger } from 'pino';
import type { Destination } from './exchange/destination.ts';
import { Failure } from './exchange/failure.ts';
import { plainAddress } from './support/address-list.ts';
import { isOwnAddress, reachesIpv6 } from './support/interfaces.ts';
import { errorCode } from './support/system-error.ts';

/** An address that is listened on. */
export interface Listening {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

interface Listener {
  readonly listen: (
    host: string,
    port: number,
  ) => Promise<{ readonly address: string; readonly port: number }>;
}

/**
 * Listens on each host, all on one port; a machine without IPv6 does without its IPv6 addresses.
 * @throws Failure PORT_TAKEN, LISTEN_FAILED
 */
export async function listenOnAll(
  listener: Listener,
  asked: { readonly hosts: readonly string[]; readonly port: number },
  log: Logger,
): Promise<readonly Listening[]> {
  const bound: Listening[] = [];
  for (const host of asked.hosts) {
    const port = asked.port === 0 ? (bound[0]?.port ?? 0) : asked.port;
    try {
      const { address, port: own } = await listener.listen(host, port);
      bound.push({ host: address, port: own });
    } catch (error) {
      if (!isWithoutIpv6(error, host) || asked.hosts.length === 1) throw error;
      log.debug({ host }, 'IPv6 is off: not listening there');
    }
  }
  return bound;
}

function isWithoutIpv6(error: unknown, host: string): boolean {
  if (!host.includes(':') || !(error instanceof Failure)) return false;
  const code = errorCode(error.cause);
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
}

/**
 * Whether connections over IPv6 can be led here: some could leave, and the kernel redirects them to
 * an address that is listened on.
 */
export function capturesIpv6(listeners: readonly Listening[]): boolean {
  return reachesIpv6() && listeners.some(({ host }) => host === '::1' || host === '::');
}

/** Tells our own listeners from other destinations: dialling them would be a loop. */
export function ownDestinations(
  listeners: readonly Listening[],
): (destination: Destination) => boolean {
  return ({ host, port, address = host }) => {
    if (!listeners.some((own) => own.port === port)) return false;
    // Whoever came to our control plane through us would come from loopback, and could end the run.
    const plain = plainAddress(address);
    if (host === 'localhost' || plain.startsWith('127.')) return true;
    if (['::1', '0.0.0.0', '::'].includes(plain)) return true;
    return isOwnAddress(plain);
  };
}
