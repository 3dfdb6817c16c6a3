import { once } from 'node:events';
import type { Server } from 'node:net';
import { listenFailure } from '../exchange/listen-failure.ts';

/** Where a server listens. */
export interface Bound {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

/** Begins to listen. @throws Failure PORT_TAKEN or LISTEN_FAILED, with Node's error as its cause. */
export async function listenOn(server: Server, host: string, port: number): Promise<Bound> {
  try {
    // `ipv6Only`: otherwise `::` takes 0.0.0.0 too, and listening on both is listening twice.
    server.listen({ host, port, ipv6Only: true });
    await once(server, 'listening');
  } catch (cause) {
    throw listenFailure({ host, port, who: 'the control plane', cause });
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string')
    throw new TypeError('a TCP server has an address');
  return { address: bound.address, port: bound.port };
}
