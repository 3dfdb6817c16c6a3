import { clientEnding } from '../exchange/client-left.ts';
import type { Connection } from './connection.ts';
import { Unreachable } from './endings.ts';
import { Http2Connection } from './http2-connection.ts';
import type { PoolLimits } from './pool.ts';

/** What an exchange wants of a connection that it shares. */
export interface SharedWant {
  readonly signal: AbortSignal;
  /** Past those that were idle, because one of them was dead. */
  readonly fresh: boolean;
  /** Makes a new one; nothing where the server does not speak HTTP/2. */
  readonly dial: (signal: AbortSignal) => Promise<Connection | undefined>;
}

/** A connection that is being made, and for how many. */
interface Dial {
  readonly made: Promise<Http2Connection | undefined>;
  readonly giveUp: AbortController;
  waiting: number;
}

/** Connections that speak HTTP/2, by destination: each is used by many exchanges at once. */
export class Http2Pool {
  readonly #limits: PoolLimits;
  readonly #keys = new Map<string, readonly Http2Connection[]>();
  readonly #dials = new Map<string, Dial>();
  /** Destinations without TLS that answered in HTTP/1, and when. */
  readonly #http1 = new Map<string, number>();
  /** In the order in which they came, for the bound on all. */
  readonly #all = new Set<Http2Connection>();

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  /**
   * Begins HTTP/2 on a connection, and keeps it until it is closed, by whomever, or too many have
   * come after it. @throws Unreachable
   */
  async start(key: string, made: Connection, signal?: AbortSignal): Promise<Http2Connection> {
    const { perKey, total, idleMs } = this.#limits;
    const shared = await new Http2Connection(made, idleMs).settled(signal);
    const siblings = [...(this.#keys.get(key) ?? []), shared];
    this.#keys.set(key, siblings);
    this.#all.add(shared);
    shared.connection.socket.once('close', () => this.#remove(key, shared));
    if (siblings.length > perKey) closeOneIdle(siblings);
    if (this.#all.size > total) closeOneIdle(this.#all);
    return shared;
  }

  /** An open connection that fits. */
  find(key: string, fits: (shared: Http2Connection) => boolean): Http2Connection | undefined {
    return this.#keys.get(key)?.findLast((shared) => shared.open && fits(shared));
  }

  /**
   * A promised stream: on the connection that has the fewest, or on a new one, which is made once for
   * all who wait for it. Nothing where the server does not speak HTTP/2. @throws Unreachable, Failure
   */
  async take(key: string, want: SharedWant): Promise<Http2Connection | undefined> {
    if (want.fresh) for (const shared of this.#keys.get(key) ?? []) closeIdle(shared);
    for (;;) {
      const shared = this.#leastBusy(key);
      if (shared !== undefined) return shared.reserve();
      if (this.#speaksHttp1(key)) return undefined;
      const made = await this.#join(key, want);
      if (made === undefined) return undefined;
      const lost = made.open ? undefined : made.lostFor(undefined);
      if (lost !== undefined) throw new Unreachable(lost, undefined);
    }
  }

  /** Destroys all. */
  close(): void {
    for (const { giveUp } of this.#dials.values()) giveUp.abort();
    for (const shared of this.#all) shared.destroy();
  }

  /** With as many as there may be, what a server does not take yet waits on one of them. */
  #leastBusy(key: string): Http2Connection | undefined {
    const open = this.#keys.get(key)?.filter((shared) => shared.open) ?? [];
    const atMost = open.length >= this.#limits.perKey;
    const usable = atMost ? open : open.filter((shared) => !shared.full);
    return usable.reduce<Http2Connection | undefined>(
      (best, one) => (best === undefined || one.streams <= best.streams ? one : best),
      undefined,
    );
  }

  /** Waits for the connection that is being made, or begins to make one. */
  #join(key: string, { signal, dial }: SharedWant): Promise<Http2Connection | undefined> {
    const current = this.#dials.get(key) ?? this.#begin(key, dial);
    current.waiting += 1;
    return new Promise((resolve, reject) => {
      const left = (): void => {
        reject(new Unreachable(clientEnding(signal), signal.reason));
        current.waiting -= 1;
        if (current.waiting > 0) return;
        this.#forget(key, current);
        current.giveUp.abort(signal.reason);
      };
      const settled = (): void => signal.removeEventListener('abort', left);
      signal.addEventListener('abort', left);
      current.made.then(resolve, reject).finally(settled);
      if (signal.aborted) left();
    });
  }

  #begin(key: string, dial: SharedWant['dial']): Dial {
    const giveUp = new AbortController();
    const current: Dial = {
      giveUp,
      waiting: 0,
      made: dial(giveUp.signal).then((connection) =>
        connection === undefined ? undefined : this.#tryStart(key, connection, giveUp.signal),
      ),
    };
    this.#dials.set(key, current);
    current.made.then(
      () => this.#forget(key, current),
      () => this.#forget(key, current),
    );
    return current;
  }

  /**
   * Without TLS nobody has said that the server speaks HTTP/2: the client may have spoken it to us
   * alone, as to its proxy. One that answers with something else speaks HTTP/1 then, for a while.
   */
  async #tryStart(
    key: string,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<Http2Connection | undefined> {
    try {
      return await this.start(key, connection, signal);
    } catch (error) {
      const answered = connection.alpn === undefined && connection.socket.bytesRead > 0;
      const away = error instanceof Unreachable && error.ending.type === 'goaway';
      if (!answered || away || signal.aborted) throw error;
      this.#http1.set(key, performance.now());
      const [oldest] = this.#http1.keys();
      if (this.#http1.size > this.#limits.total && oldest !== undefined) this.#http1.delete(oldest);
      return undefined;
    }
  }

  #speaksHttp1(key: string): boolean {
    const sinceMs = this.#http1.get(key);
    if (sinceMs === undefined) return false;
    if (performance.now() - sinceMs < this.#limits.idleMs) return true;
    return !this.#http1.delete(key);
  }

  #forget(key: string, dial: Dial): void {
    if (this.#dials.get(key) === dial) this.#dials.delete(key);
  }

  #remove(key: string, shared: Http2Connection): void {
    this.#all.delete(shared);
    const rest = this.#keys.get(key)?.filter((other) => other !== shared) ?? [];
    if (rest.length === 0) this.#keys.delete(key);
    else this.#keys.set(key, rest);
  }
}

function closeOneIdle(among: Iterable<Http2Connection>): void {
  for (const shared of among) if (closeIdle(shared)) return;
}

function closeIdle(shared: Http2Connection): boolean {
  if (shared.streams > 0) return false;
  shared.close();
  return true;
}
