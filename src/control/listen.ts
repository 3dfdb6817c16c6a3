import { once } from 'node:events';
import type { Server } from 'node:net';
import { Failure } from '../exchange/failure.ts';
import { urlHost } from '../exchange/destination.ts';
import { errorCode } from '../support/system-error.ts';

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
    throw listenFailure({ host, port, cause });
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string')
    throw new TypeError('a TCP server has an address');
  return { address: bound.address, port: bound.port };
}

function listenFailure(asked: {
  readonly host: string;
  readonly port: number;
  readonly cause: unknown;
}): Failure {
  const { host, port, cause } = asked;
  const where = `${urlHost(host)}:${port}`;
  const code = errorCode(cause) ?? 'unknown';
  if (code === 'EADDRINUSE') {
    return new Failure('PORT_TAKEN', `the control plane cannot have ${where}`, { cause });
  }
  return new Failure('LISTEN_FAILED', `the control plane cannot have ${where} (${code})`, {
    cause,
  });
}
