import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { ClientHello } from '../exchange/upstream.ts';
import type { Connection } from './connection.ts';
import type { Attempt } from './dial.ts';
import { Unreachable } from './endings.ts';
import type { Establish, TlsWant } from './establish.ts';
import type { Pool } from './pool.ts';

/** What an HTTP exchange wants of its connection. */
export interface HttpWant extends Attempt {
  /** Past the pool, because what came out of it was dead. */
  readonly fresh?: boolean;
  /** Whether whole URLs to the proxy will do instead of a tunnel through it. */
  readonly absolute?: boolean;
}

/**
 * Finds connections to destinations, in the pool or new ones; each way throws Unreachable with the
 * ending, or Failure (UPSTREAM_PROXY_REFUSED, DIAL_FAILED).
 */
export class Reach {
  readonly #pool: Pool;
  readonly #establish: Establish;
  /** Server names of destinations whose TLS clients asked for another name than the host. */
  readonly #names = new Map<string, string>();

  constructor(pool: Pool, establish: Establish) {
    this.#pool = pool;
    this.#establish = establish;
  }

  /** A connection that can carry HTTP/1.x: kept by an offer, idle, or new. */
  async forHttp(destination: Destination, want: HttpWant): Promise<Connection> {
    const { signal, fresh = false, absolute = false } = want;
    const via = absolute && !destination.secure ? this.#establish.proxyFor(destination) : undefined;
    for (const key of via === undefined ? [keyOf(destination)] : [keyOf(destination), proxyKey]) {
      if (fresh) this.#pool.drop(key);
      const pooled = fresh ? undefined : this.#pool.take(key, carriesHttp);
      if (pooled !== undefined) return pooled;
    }
    if (via !== undefined) return this.#establish.toProxy(via, { signal });
    const unnamed = fresh ? undefined : this.#takeUnnamed(destination);
    return unnamed ?? this.#establishFor(destination, { signal, alpn: httpProtocols });
  }

  /** A connection that has carried nothing, with all that the server may have said on it. */
  async forStream(destination: Destination, { signal }: Attempt): Promise<Connection> {
    const isUnused = ({ used }: Connection): boolean => !used;
    const pooled =
      this.#pool.take(keyOf(destination), isUnused) ?? this.#takeUnnamed(destination, isUnused);
    return pooled ?? this.#establishFor(destination, { signal, alpn: [] });
  }

  /** A new connection to learn its terms from. */
  async forOffer(destination: Destination, hello?: ClientHello): Promise<Connection> {
    if (hello?.serverName !== undefined && hello.serverName !== destination.host) {
      this.#rememberName(keyOf(destination), hello.serverName);
    }
    return this.#establishFor(destination, { alpn: protocolsFor(hello) });
  }

  /** Puts a connection into the pool; `spoke` settles when the server says something on an unused one. */
  keep(destination: Destination, connection: Connection): { readonly spoke: Promise<void> } {
    return this.#pool.put(connection.absolute ? proxyKey : keyOf(destination), connection);
  }

  /** An idle connection to the destination that HTTP can use; it stays in the pool. */
  idle(destination: Destination): Connection | undefined {
    const fits = (connection: Connection): boolean => connection.used && carriesHttp(connection);
    return this.#pool.find(keyOf(destination), fits);
  }

  /** Closes the TCP connection kept for a TLS session that is not needed after all. */
  forget(destination: Destination): void {
    this.#takeUntouched(destination)?.socket.destroy();
  }

  /** The TCP connection that was kept before the client's hello. */
  #takeUntouched(destination: Destination): Connection | undefined {
    const plain = { ...destination, secure: false };
    return this.#pool.take(keyOf(plain), isUntouched) ?? this.#takeUnnamed(plain);
  }

  /** One that an offer kept while only the address was known; nobody else's request has been on it. */
  #takeUnnamed(
    destination: Destination,
    fits = (connection: Connection): boolean => !connection.used && carriesHttp(connection),
  ): Connection | undefined {
    const { address, host } = destination;
    if (address === undefined || address === host) return undefined;
    return this.#pool.take(keyOf({ ...destination, host: address }), fits);
  }

  async #establishFor(
    destination: Destination,
    { signal, alpn }: Omit<TlsWant, 'name'>,
  ): Promise<Connection> {
    const { plain, encrypted } = this.#establish;
    if (!destination.secure) return plain(destination, { signal });
    const name = this.#names.get(keyOf(destination)) ?? destination.host;
    const want = { signal, alpn, name };
    // An offer that came before the client's hello has dialled already.
    const kept = this.#takeUntouched(destination);
    if (kept !== undefined) {
      try {
        return await encrypted(kept, want);
      } catch (error) {
        if (!isStale(error, signal)) throw error;
      }
    }
    return encrypted(await plain(destination, { signal }), want);
  }

  #rememberName(key: string, name: string): void {
    this.#names.set(key, name);
    const [oldest] = this.#names.keys();
    if (this.#names.size > namesMax && oldest !== undefined) this.#names.delete(oldest);
  }
}

/** How many destinations are remembered whose server name is not their host. */
const namesMax = 1_000;

/** The key of connections to the proxy that carry whole URLs; the proxy is one for all. */
const proxyKey = 'proxy';

/** The protocols offered for an HTTP exchange that nobody made an offer for. */
const httpProtocols: readonly string[] = ['http/1.1'];

/**
 * The protocols to offer a server for a client's hello: the client's own but HTTP/2, which is not
 * spoken upstream yet. A client that offers nothing keeps its silence: servers of other protocols
 * end the handshake over a name they do not know (RFC 7301, 3.2).
 */
function protocolsFor(hello: ClientHello | undefined): readonly string[] {
  if (hello === undefined) return httpProtocols;
  const spoken = hello.alpn.filter((protocol) => protocol !== 'h2');
  return spoken.length === 0 && hello.alpn.length > 0 ? httpProtocols : spoken;
}

function keyOf(destination: Destination): string {
  const scheme = destination.secure ? 'tls' : 'tcp';
  return `${scheme} ${authorityOf(destination)} ${destination.address ?? ''}`;
}

/** Whether nothing was sent or received on it yet. */
function isUntouched({ used, socket }: Connection): boolean {
  return !used && socket.readableLength === 0;
}

function carriesHttp({ alpn, socket }: Connection): boolean {
  return socket.readableLength === 0 && (alpn === undefined || alpn.startsWith('http/1.'));
}

/** Whether a handshake failed only because the kept connection had died unnoticed. */
function isStale(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true || !(error instanceof Unreachable)) return false;
  return error.ending.type === 'reset' || error.ending.type === 'cut';
}
