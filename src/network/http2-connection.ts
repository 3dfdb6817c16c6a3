import type { ClientHttp2Session, ClientHttp2Stream, Settings } from 'node:http2';
import { connect, constants } from 'node:http2';
import type { Ending } from '../exchange/conversation.ts';
import type { Connection } from './connection.ts';
import { resetByServer, Unreachable } from './endings.ts';

/** Bytes of one answer that a server may send ahead of its reader. */
const streamWindow = 262_144;

/** Bytes of all answers of a connection that may be on their way. */
const connectionWindow = 4_194_304;

/**
 * The largest head that is taken, in bytes as HTTP/2 counts them (RFC 9113, 6.5.2). Node's library
 * takes no more than nine frames for one (a flood of CONTINUATION), which is 144 KiB compressed.
 */
const headBytesMax = 262_144;

/** As many fields as fit into the largest head: each counts 32 bytes more than it has. */
const fieldsMax = headBytesMax / 32;

/** Megabytes that Node may hold for one connection before it takes no more streams. */
const heldMegabytesMax = 1_024;

/** Milliseconds that are waited for a server's first SETTINGS: it owes them at once (RFC 9113, 3.4). */
const settingsMs = 2_000;

/** Streams of a client have odd numbers below 2^31; the last few are left alone. */
const lastStreamId = 2 ** 31 - 1_001;

/** What ended with a GOAWAY. */
interface GoneAway {
  readonly code: number;
  /** The last stream that the server took. */
  readonly lastStreamId: number;
}

/** A connection that speaks HTTP/2, and carries many exchanges at once. */
export class Http2Connection {
  readonly connection: Connection;
  readonly #session: ClientHttp2Session;
  readonly #idle: NodeJS.Timeout;
  #streams = 0;
  #streamsMax = Number.POSITIVE_INFINITY;
  #connectProtocol = false;
  #goneAway: GoneAway | undefined;
  #reused = false;
  #spent = false;

  constructor(connection: Connection, idleMs: number) {
    const { socket } = connection;
    this.connection = connection;
    connection.used = true;
    const session = startSession(connection);
    this.#session = session;
    session.on('remoteSettings', ({ maxConcurrentStreams, enableConnectProtocol }: Settings) => {
      // One that takes none for now may take some later: a stream waits for that.
      this.#streamsMax = Math.max(1, maxConcurrentStreams ?? Number.POSITIVE_INFINITY);
      this.#connectProtocol = enableConnectProtocol === true;
    });
    session.on('goaway', (code: number, lastId: number) => this.#goAway(code, lastId));
    // Half of a connection is of no use: what the server has not answered by now it never will.
    socket.on('end', () => socket.destroy());
    this.#idle = setTimeout(() => this.#rest(), idleMs).unref();
    session.unref();
    socket.once('close', () => clearTimeout(this.#idle));
  }

  /** The protocol that the server chose in TLS. */
  get alpn(): string | undefined {
    return this.connection.alpn;
  }

  /** Whether another stream can be begun. */
  get open(): boolean {
    const { closed, destroyed } = this.#session;
    return !closed && !destroyed && !this.#spent && this.connection.open;
  }

  /** Whether the server takes no more streams for now. */
  get full(): boolean {
    return this.#streams >= this.#streamsMax;
  }

  /** Streams that are open, or promised to an exchange. */
  get streams(): number {
    return this.#streams;
  }

  /** Whether its only stream found it idle: the server may have let go of it unnoticed. */
  get wasIdle(): boolean {
    return this.#reused && this.#streams === 1;
  }

  /** Whether the server takes WebSockets (RFC 8441). */
  get connectProtocol(): boolean {
    return this.#connectProtocol;
  }

  /** Why a stream was not taken, or how the connection was lost; nothing while both are well. */
  lostFor(id: number | undefined): Ending | undefined {
    const away = this.#goneAway;
    if (away !== undefined && (id === undefined || id > away.lastStreamId)) {
      return { type: 'goaway', code: away.code };
    }
    return this.connection.lost;
  }

  /** Promises a stream to an exchange, which has to begin it or to give it back. */
  reserve(): this {
    if (this.#streams === 0) this.#session.ref();
    this.#streams += 1;
    return this;
  }

  /** Gives a stream back, begun or not. */
  release(): void {
    this.#streams -= 1;
    this.#reused = true;
    if (this.#streams === 0) {
      this.#idle.refresh();
      this.#session.unref();
    }
  }

  /** Begins the stream that was promised; its end gives it back. @throws Error where Node does not take the headers. */
  request(
    headers: readonly string[],
    options: { readonly endStream: boolean; readonly waitForTrailers: boolean },
  ): ClientHttp2Stream {
    const stream = this.#session.request(headers, options);
    stream.on('error', () => {});
    stream.once('close', () => this.release());
    if ((stream.id ?? 0) > lastStreamId) this.#spent = true;
    return stream;
  }

  /** Says goodbye, and closes when what is open has ended. */
  close(): void {
    this.#session.close();
  }

  /** Ends it, whatever is open. */
  destroy(): void {
    this.#session.destroy();
    this.connection.socket.destroy();
  }

  /** @throws Unreachable where the server was lost before it said how it wants to be spoken to. */
  async settled(signal: AbortSignal | undefined): Promise<this> {
    const session = this.#session;
    await new Promise<void>((resolve) => {
      const waited = setTimeout(resolve, settingsMs);
      const settle = (): void => {
        clearTimeout(waited);
        signal?.removeEventListener('abort', settle);
        resolve();
      };
      session.once('remoteSettings', settle);
      session.once('close', settle);
      signal?.addEventListener('abort', settle);
    });
    if (!this.open || signal?.aborted === true) {
      this.destroy();
      const ending = this.lostFor(undefined) ?? resetByServer;
      throw new Unreachable(ending, signal?.reason);
    }
    return this;
  }

  /** Nobody has used it for long: says goodbye, and hangs up on a server that does not. */
  #rest(): void {
    if (this.#streams > 0) return;
    if (!this.open) return this.destroy();
    this.close();
    this.#idle.refresh();
  }

  #goAway(code: number, lastId: number): void {
    const before = this.#goneAway?.lastStreamId ?? lastId;
    this.#goneAway = { code, lastStreamId: Math.min(lastId, before) };
    if (code !== constants.NGHTTP2_NO_ERROR) closeInsteadOfDestroying(this.#session);
  }
}

/** How each session begins; a name apart, for the types of Node do not know all of it. */
const sessionOptions = {
  settings: { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: headBytesMax },
  maxHeaderListPairs: fieldsMax,
  maxSendHeaderBlockLength: headBytesMax * 4,
  maxSessionMemory: heldMegabytesMax,
  // Some repeat fields that ought to stand once; client and server have to settle that.
  strictSingleValueFields: false,
  strictFieldWhitespaceValidation: false,
};

function startSession({ socket }: Connection): ClientHttp2Session {
  const session = connect('http://unused.invalid', {
    ...sessionOptions,
    createConnection: () => socket,
  });
  // What broke it is known of the socket.
  session.on('error', () => {});
  session.once('connect', () => session.setLocalWindowSize(connectionWindow));
  return session;
}

/**
 * A server that goes away over an error still answers the streams that it took (RFC 9113, 6.8).
 * Node destroys them all at once, right after it told of the GOAWAY: this one time it closes.
 */
function closeInsteadOfDestroying(session: ClientHttp2Session): void {
  const restore = (): boolean => Reflect.deleteProperty(session, 'destroy');
  const value = (): void => {
    restore();
    session.close();
  };
  Object.defineProperty(session, 'destroy', { configurable: true, value });
  queueMicrotask(restore);
}
