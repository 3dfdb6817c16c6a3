import type { Connection } from './connection.ts';

/** Bounds of a pool. */
export interface PoolLimits {
  readonly perKey: number;
  readonly total: number;
  /** Milliseconds after which a connection nobody took is closed. */
  readonly idleMs: number;
}

interface Kept {
  readonly key: string;
  readonly connection: Connection;
  readonly release: () => void;
}

/**
 * A store of connections that carry nothing at the moment. It reads the sockets it keeps, so that
 * one that the server closed is noticed at once.
 */
export class Pool {
  readonly #limits: PoolLimits;
  readonly #keys = new Map<string, readonly Kept[]>();
  /** In the order in which they came, for the bound on all. */
  readonly #all = new Set<Kept>();

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  /** Keeps an open connection; `spoke` settles when an unused one receives bytes. A closed one is dropped. */
  put(key: string, connection: Connection): { readonly spoke: Promise<void> } {
    const { promise: spoke, resolve } = Promise.withResolvers<void>();
    if (!connection.open) {
      connection.socket.destroy();
      return { spoke };
    }
    const { idleMs, perKey, total } = this.#limits;
    const done = (): void => this.#discard(kept);
    const release = watch(connection, { idleMs, spoke: resolve, done });
    const kept: Kept = { key, connection, release };
    const siblings = [...(this.#keys.get(key) ?? []), kept];
    this.#all.add(kept);
    this.#keys.set(key, siblings);
    if (siblings.length > perKey) this.#discard(siblings[0]);
    const [oldest] = this.#all;
    if (this.#all.size > total) this.#discard(oldest);
    return { spoke };
  }

  /** Takes the connection kept last that fits and is open. */
  take(key: string, fits: (connection: Connection) => boolean): Connection | undefined {
    const kept = this.#search(key, fits);
    if (kept === undefined) return undefined;
    this.#remove(kept);
    kept.connection.pooled = true;
    return kept.connection;
  }

  /** The connection that `take` would take; it stays. */
  find(key: string, fits: (connection: Connection) => boolean): Connection | undefined {
    return this.#search(key, fits)?.connection;
  }

  /** Destroys what is kept for a key and has carried something. */
  drop(key: string): void {
    for (const kept of this.#keys.get(key) ?? []) if (kept.connection.used) this.#discard(kept);
  }

  /** Destroys all that is kept. */
  close(): void {
    for (const kept of this.#all) this.#discard(kept);
  }

  #search(key: string, fits: (connection: Connection) => boolean): Kept | undefined {
    const kept = this.#keys.get(key);
    return kept?.findLast(({ connection }) => connection.open && fits(connection));
  }

  #discard(kept: Kept | undefined): void {
    if (kept === undefined) return;
    this.#remove(kept);
    kept.connection.socket.destroy();
  }

  #remove(kept: Kept): void {
    if (!this.#all.delete(kept)) return;
    const rest = this.#keys.get(kept.key)?.filter((other) => other !== kept) ?? [];
    if (rest.length === 0) this.#keys.delete(kept.key);
    else this.#keys.set(kept.key, rest);
    kept.release();
  }
}

/** Listens to a kept connection: its end, its first bytes and its time running out. Returns how to stop. */
function watch(
  connection: Connection,
  events: { readonly idleMs: number; readonly spoke: () => void; readonly done: () => void },
): () => void {
  const { socket, used } = connection;
  const { spoke, done, idleMs } = events;
  let looked = 0;
  const readable = (): void => {
    if (looked > 0 && socket.readableLength === looked) return;
    looked = socket.readableLength;
    // Nothing to read means that the server has closed: reading is what lets `end` come.
    if (looked === 0) socket.read();
    // Bytes between two exchanges would pass for the beginning of the next answer (response splitting).
    else if (used) done();
    else if (!beginsHttp2(connection)) spoke();
  };
  socket.on('readable', readable);
  socket.on('end', done);
  socket.on('close', done);
  socket.on('timeout', done);
  socket.setTimeout(idleMs);
  socket.unref();
  return () => {
    socket.off('readable', readable);
    socket.off('end', done);
    socket.off('close', done);
    socket.off('timeout', done);
    socket.setTimeout(0);
    socket.ref();
  };
}

/** What a frame of SETTINGS begins with, after the two low bytes of its length (RFC 9113, 4.1). */
const settingsType = [4, 0, 0, 0, 0, 0];

/**
 * Whether what the server said is how HTTP/2 begins: it does so before it has heard its client, and
 * yet it waits for it. A server of another protocol that speaks first says something else.
 */
function beginsHttp2(connection: Connection): boolean {
  const { socket } = connection;
  if (connection.beganWithSettings) return true;
  const bytes = socket.read() as Buffer | null;
  if (bytes === null) return false;
  socket.unshift(bytes);
  const begins =
    bytes[0] === 0 && settingsType.every((byte, at) => (bytes[at + 3] ?? byte) === byte);
  connection.beganWithSettings = begins && bytes.length >= settingsType.length + 3;
  return begins;
}
