import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Via } from './client.ts';
import { tunnel } from './client.ts';

/** A client of a WebSocket, and the texts that it has heard. */
export interface Talker {
  readonly socket: WebSocket;
  readonly heard: readonly string[];
  readonly say: (message: unknown) => void;
  /** Waits until so many texts have been heard. */
  readonly until: (count: number) => Promise<void>;
  /** Closes, and waits for it: code and reason. */
  readonly bye: () => Promise<string>;
  readonly closed: Promise<string>;
}

/** Opens a WebSocket through the proxy. */
export async function openTalker(
  via: Via,
  address: string,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly protocols?: string[];
  } = {},
): Promise<Talker> {
  const inner = await tunnel(via, new URL(address).host);
  const socket = new WebSocket(address, options.protocols ?? [], {
    createConnection: () => inner,
    perMessageDeflate: false,
    headers: { ...options.headers },
  });
  const heard: string[] = [];
  let wake = (): void => {};
  socket.on('message', (bytes: Buffer) => {
    heard.push(bytes.toString());
    wake();
  });
  const closed = once(socket, 'close').then(([code, reason]) => `${code} ${String(reason)}`);
  const early = closed.then((how) => Promise.reject(new Error(`closed: ${how}`)));
  early.catch(() => {});
  await Promise.race([once(socket, 'open'), early]);
  const until = async (count: number): Promise<void> => {
    while (heard.length < count) {
      const more = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([more, early]);
    }
  };
  return {
    socket,
    heard,
    closed,
    until,
    say: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    bye: async () => {
      socket.close(1000);
      return closed;
    },
  };
}
