import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import type { ClientHello } from '../exchange/upstream.ts';
import type { Connection } from './connection.ts';
import type { Attempt } from './dial.ts';
import { Unreachable } from './endings.ts';
import type { Establish, TlsWant } from './establish.ts';
import type { Http2Connection } from './http2-connection.ts';
import type { Http2Pool } from './http2-pool.ts';
import type { Pool } from './pool.ts';

/** What an HTTP exchange wants of its connection. */
export interface HttpWant extends Attempt {
  /** Past the pool, because what came out of it was dead. */
  readonly fresh?: boolean;
  /** Whether whole URLs to the proxy will do instead of a tunnel through it. */
  readonly absolute?: boolean;
}

/** Where connections are kept, and how new ones are made. */
export interface ReachParts {
  readonly pool: Pool;
  readonly establish: Establish;
  /** The connections that speak HTTP/2; nothing where nobody is to speak it. */
  readonly shared?: Http2Pool | undefined;
}

/** What is known of a server from a connection to it: the protocol, and whether it takes WebSockets over HTTP/2. */
export interface Known {
  readonly alpn?: string;
  readonly connectProtocol?: boolean;
}

/**
 * Finds connections to destinations, in the pool or new ones; each way throws Unreachable with the
 * ending, or Failure (UPSTREAM_PROXY_REFUSED, DIAL_FAILED).
 */
export class Reach {
  readonly #pool: Pool;
  readonly #establish: Establish;
  readonly #shared: Http2Pool | undefined;
  /** Server names of destinations whose TLS clients asked for another name than the host. */
  readonly #names = new Map<string, string>();

  constructor({ pool, establish, shared }: ReachParts) {
    this.#pool = pool;
    this.#establish = establish;
    this.#shared = shared;
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

  /** A promised stream of HTTP/2; nothing where the server does not speak it, or nobody is to. */
  async forHttp2(
    destination: Destination,
    { signal, fresh }: { readonly signal: AbortSignal; readonly fresh: boolean },
  ): Promise<Http2Connection | undefined> {
    const key = keyOf(destination);
    if (this.#shared === undefined || this.#pool.find(key, choseHttp1) !== undefined)
      return undefined;
    const dial = (within: AbortSignal) => this.#dialHttp2(destination, within);
    return this.#shared.take(key, { signal, fresh, dial });
  }

  /** A connection that has carried nothing, with all that the server may have said on it. */
  async forStream(destination: Destination, { signal }: Attempt): Promise<Connection> {
    const pooled = this.#pool.take(keyOf(destination), ({ used }) => !used);
    return pooled ?? this.#establishFor(destination, { signal, alpn: [] });
  }

  /** A new connection to learn its terms from. */
  async forOffer(destination: Destination, hello?: ClientHello): Promise<Connection> {
    if (hello?.serverName !== undefined && hello.serverName !== destination.host) {
      this.#rememberName(keyOf(destination), hello.serverName);
    }
    return this.#establishFor(destination, { alpn: this.#protocolsFor(hello) });
  }

  /** Keeps a connection for the first exchange, and tells what is known by it. @throws Unreachable */
  async keepOffered(
    destination: Destination,
    connection: Connection,
  ): Promise<Known & { readonly serverSpoke?: Promise<void> }> {
    if (connection.alpn === 'h2' && this.#shared !== undefined) {
      return termsOf(await this.#shared.start(keyOf(destination), connection));
    }
    const { spoke } = this.keep(destination, connection);
    return { ...termsOf(connection), serverSpoke: spoke };
  }

  /** What a server would choose for a hello, where an open connection tells without another handshake. */
  known(destination: Destination, hello: ClientHello): Known | undefined {
    const wanted = this.#protocolsFor(hello);
    // Out of fewer a server chooses what it chose out of more, where that is among them.
    const fits = ({ offered, alpn }: Connection): boolean =>
      wanted.every((protocol) => offered.includes(protocol)) &&
      (alpn === undefined || wanted.includes(alpn));
    const key = keyOf(destination);
    const shared = this.#shared?.find(key, ({ connection }) => fits(connection));
    if (shared !== undefined) return termsOf(shared);
    const idle = this.#pool.find(key, (one) => one.used && carriesHttp(one) && fits(one));
    return idle && termsOf(idle);
  }

  /** Puts a connection into the pool; `spoke` settles when the server says something on an unused one. */
  keep(destination: Destination, connection: Connection): { readonly spoke: Promise<void> } {
    return this.#pool.put(connection.absolute ? proxyKey : keyOf(destination), connection);
  }

  /** Closes the TCP connection kept for a TLS session that is not needed after all. */
  forget(destination: Destination): void {
    this.#takeUntouched(destination)?.socket.destroy();
  }

  /** A connection to speak HTTP/2 on; one on which the server would rather not is kept for HTTP/1. */
  async #dialHttp2(destination: Destination, signal: AbortSignal): Promise<Connection | undefined> {
    const kept =
      this.#pool.take(keyOf(destination), carriesHttp2) ?? this.#takeUnnamed(destination);
    const alpn = ['h2', ...httpProtocols];
    const connection = kept ?? (await this.#establishFor(destination, { signal, alpn }));
    if (!destination.secure || connection.alpn === 'h2') return connection;
    this.keep(destination, connection);
    return undefined;
  }

  /** The TCP connection that was kept before the client's hello. */
  #takeUntouched(destination: Destination): Connection | undefined {
    const plain = { ...destination, secure: false };
    return this.#pool.take(keyOf(plain), isUntouched) ?? this.#takeUnnamed(plain);
  }

  /** One that an offer kept while only the address was known; nobody else's request has been on it. */
  #takeUnnamed(destination: Destination): Connection | undefined {
    const { address, host } = destination;
    if (address === undefined || address === host) return undefined;
    return this.#pool.take(
      keyOf({ ...destination, host: address }),
      (connection) => !connection.used && carriesHttp(connection),
    );
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

  /**
   * The protocols to offer a server for a client's hello: the client's own. One that offers nothing
   * keeps its silence: servers of other protocols end the handshake over a name they do not know
   * (RFC 7301, 3.2).
   */
  #protocolsFor(hello: ClientHello | undefined): readonly string[] {
    if (hello === undefined) return httpProtocols;
    if (this.#shared !== undefined) return hello.alpn;
    const spoken = hello.alpn.filter((protocol) => protocol !== 'h2');
    return spoken.length === 0 && hello.alpn.length > 0 ? httpProtocols : spoken;
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

/** Whether HTTP/2 can begin on a connection without TLS; a server may have begun already. */
function carriesHttp2({ used, socket, beganWithSettings }: Connection): boolean {
  return !used && (beganWithSettings || socket.readableLength === 0);
}

/** Whether the server was offered HTTP/2, and chose not to speak it. */
function choseHttp1(connection: Connection): boolean {
  return connection.offered.includes('h2') && carriesHttp(connection);
}

function termsOf({
  alpn,
  connectProtocol,
}: {
  readonly alpn: string | undefined;
  readonly connectProtocol?: boolean;
}): Known {
  return {
    ...(alpn !== undefined && { alpn }),
    ...(connectProtocol === true && { connectProtocol }),
  };
}

/** Whether a handshake failed only because the kept connection had died unnoticed. */
function isStale(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true || !(error instanceof Unreachable)) return false;
  return error.ending.type === 'reset' || error.ending.type === 'cut';
}
