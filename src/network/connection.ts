import type { Socket } from 'node:net';
import type { Ending } from '../exchange/conversation.ts';
import { cutByServer, endingOfLoss } from './endings.ts';

/** What is known of a connection when it is made. */
export interface ConnectionFacts {
  /** What is read and written: TLS where the destination is secure. */
  readonly socket: Socket;
  /** The TCP socket at the bottom; the same as `socket` without TLS. */
  readonly transport: Socket;
  /** The protocol that the server chose in TLS (RFC 7301). */
  readonly alpn?: string | undefined;
  /** The protocols that were offered in TLS, of which it chose. */
  readonly offered?: readonly string[];
  /** True on a connection to an upstream proxy, which wants whole URLs (RFC 9112, 3.2.2). */
  readonly absolute?: boolean;
}

/** An established connection, which remembers how the server let go of it. */
export class Connection {
  readonly socket: Socket;
  readonly transport: Socket;
  readonly alpn: string | undefined;
  readonly offered: readonly string[];
  readonly absolute: boolean;
  /** Whether the server began with SETTINGS, as one does that speaks HTTP/2 (RFC 9113, 3.4). */
  beganWithSettings = false;
  /** Whether it came out of the pool: the server may have let go of it unnoticed. */
  pooled = false;
  /** Whether it has carried an exchange. */
  used = false;
  /** Called before anybody else hears that the connection broke. */
  onBroken: () => void = () => {};
  #broken: Ending | undefined;
  #ended = false;

  constructor({ socket, transport, alpn, offered = [], absolute = false }: ConnectionFacts) {
    this.socket = socket;
    this.alpn = alpn;
    this.offered = offered;
    this.absolute = absolute;
    this.transport = transport;
    // These listeners stay for the life of the socket, so that no error ever finds nobody there.
    socket.on('error', (error) => this.#break(error));
    if (transport !== socket) transport.on('error', (error) => this.#break(error));
    socket.on('end', () => {
      this.#ended = true;
    });
  }

  /** How it was lost: broken, given up, or closed in order by the server; nothing while it holds. */
  get lost(): Ending | undefined {
    return this.#broken ?? (this.#ended ? cutByServer : undefined);
  }

  /** How it broke or was given up; nothing while it holds, or where the server closed it in order. */
  get broken(): Ending | undefined {
    return this.#broken;
  }

  /** Whether it can carry another exchange. */
  get open(): boolean {
    return this.lost === undefined && !this.socket.destroyed && this.socket.writable;
  }

  /** Gives it up the way the ending says: with a RST where there was one. */
  abandon(ending: Ending): void {
    if (!this.#ended) this.#broken ??= ending;
    if (ending.type === 'reset') this.transport.resetAndDestroy();
    this.socket.destroy();
  }

  #break(error: unknown): void {
    this.#broken ??= endingOfLoss(error);
    this.onBroken();
  }
}
