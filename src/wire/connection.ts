import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Arrival } from '../exchange/arrival.ts';
import type { LiveExchange } from './http-exchange.ts';
import { goneBy } from './relay.ts';

/** A request on its way, with the response that will answer it. */
export interface InFlight {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly leave: LiveExchange['leave'];
}

/** A client's HTTP connection: its arrival, and the requests on it that are not yet answered. */
export class Connection {
  readonly arrival: Arrival;
  /** Something came that was no HTTP: whatever follows it has no meaning. */
  refused = false;
  readonly #inFlight = new Set<InFlight>();
  #whenIdle: (() => void) | undefined;
  #handedOver = false;

  constructor(arrival: Arrival) {
    this.arrival = arrival;
    arrival.socket.once('close', () => this.#closed());
  }

  /** In the order in which they came. */
  get inFlight(): readonly InFlight[] {
    return [...this.#inFlight];
  }

  /** Follows a request until its response has closed; a client that leaves before that is told of. */
  follow(one: InFlight): void {
    const { request, response } = one;
    this.#inFlight.add(one);
    response.once('close', () => {
      this.#inFlight.delete(one);
      if (!response.writableFinished) one.leave(goneBy(this.arrival.socket.errored));
      // A body that nobody wanted to its end would keep the next request from being read.
      if (!request.readableEnded) request.resume();
      if (this.#inFlight.size === 0) this.#whenIdle?.();
    });
  }

  /** Hands the connection over to an action once every request that came before is answered. */
  whenIdle(action: () => void): void {
    this.#handedOver = true;
    if (this.#inFlight.size === 0) action();
    else this.#whenIdle = action;
  }

  /** Ends the connection once it is idle, unless it is to become something else then. */
  endWhenIdle(): void {
    const { socket } = this.arrival;
    if (this.#inFlight.size > 0) this.#whenIdle ??= () => socket.end(() => socket.destroy());
    else if (!this.#handedOver) socket.end(() => socket.destroy());
  }

  /** Node closes only the response whose turn it is; those behind it are closed here. */
  #closed(): void {
    this.#whenIdle = undefined;
    for (const { response } of this.#inFlight) {
      if (response.socket !== null) continue;
      response.destroy();
      response.emit('close');
    }
  }
}
