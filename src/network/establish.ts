import type { Socket } from 'node:net';
import type { Destination } from '../exchange/destination.ts';
import { Connection } from './connection.ts';
import type { Attempt, IsOwn } from './dial.ts';
import { dial, secure } from './dial.ts';
import type { UpstreamProxy } from './proxy.ts';
import { createBypass, dialProxy, openTunnel } from './proxy.ts';
import type { Trust } from './trust.ts';

/** What new connections are made of. */
export interface EstablishParts {
  readonly trust: Trust;
  readonly proxy?: UpstreamProxy | undefined;
  /** Whether an address only leads to ourselves, so that the host is dialled instead. */
  readonly leadsBack?: ((address: string) => boolean) | undefined;
  /** Told of each TCP socket when it is made. */
  readonly track: (socket: Socket) => void;
  readonly isOwn?: IsOwn | undefined;
}

/** What a new TLS session asks for. */
export interface TlsWant extends Attempt {
  /** The server name, which the certificate must bear. */
  readonly name: string;
  readonly alpn: readonly string[];
}

/** Makes new connections; each function throws Unreachable, or Failure UPSTREAM_PROXY_REFUSED, DIAL_FAILED or DESTINATION_IS_PROXY. */
export interface Establish {
  /** TCP to the destination, through the proxy's tunnel where one is set. */
  readonly plain: (destination: Destination, attempt: Attempt) => Promise<Connection>;
  /** TLS on a plain connection. */
  readonly encrypted: (below: Connection, want: TlsWant) => Promise<Connection>;
  /** To the proxy itself, for requests with whole URLs. */
  readonly toProxy: (via: UpstreamProxy, attempt: Attempt) => Promise<Connection>;
  /** The proxy that a destination is reached through; nothing where it is dialled directly. */
  readonly proxyFor: (destination: Destination) => UpstreamProxy | undefined;
}

/** Builds the ways in which new connections are made. */
export function createEstablish(parts: EstablishParts): Establish {
  const { trust, proxy, track, leadsBack, isOwn } = parts;
  const bypasses = createBypass(proxy?.noProxy ?? []);
  const proxyFor = (destination: Destination): UpstreamProxy | undefined =>
    bypasses(destination) ? undefined : proxy;
  return {
    proxyFor,
    async plain(destination, { signal }) {
      const via = proxyFor(destination);
      if (via === undefined) {
        const { address = destination.host } = destination;
        const host = leadsBack?.(address) === true ? destination.host : address;
        const socket = await dial({ host, port: destination.port }, { signal, track, isOwn });
        return new Connection({ socket, transport: socket });
      }
      const sockets = await dialProxy(via, { trust, signal, track, isOwn });
      const connection = new Connection(sockets);
      await openTunnel(sockets, via, { destination, signal });
      return connection;
    },
    async encrypted(below, want) {
      const socket = await secure(below.socket, { ...want, trust });
      const alpn = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined;
      const { transport } = below;
      return new Connection({ socket, transport, alpn, offered: want.alpn });
    },
    async toProxy(via, { signal }) {
      const sockets = await dialProxy(via, { trust, signal, track, isOwn });
      return new Connection({ ...sockets, absolute: true });
    },
  };
}
