import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { listenFailure } from '../exchange/listen-failure.ts';

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Whether `::` is to leave IPv4 alone, because another listener has it. */
  readonly ipv6Only: boolean;
}

/** A listening server and where it listens. */
export interface Listener {
  readonly server: Server;
  readonly address: string;
  readonly port: number;
}

/**
 * Listens, and hands over each socket that comes in.
 * Rejects with Failure PORT_TAKEN or LISTEN_FAILED, naming host and port.
 */
export function openListener(
  at: ListenAddress,
  on: {
    readonly socket: (socket: Socket) => void;
    readonly error: (error: Error) => void;
  },
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, on.socket);
    const failed = (cause: Error): void => reject(listenFailure({ ...at, cause }));
    server.once('error', failed);
    server.listen({ host: at.host, port: at.port, ipv6Only: at.ipv6Only }, () => {
      server.off('error', failed);
      // Out of descriptors, say: that one connection is lost, the next may do.
      server.on('error', on.error);
      // A server on a port has an address of this shape; a string is for pipes.
      const { address, port } = server.address() as AddressInfo;
      resolve({ server, address, port });
    });
  });
}
