import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** What a process of clients is to do. */
export type Order =
  | { readonly do: 'open'; readonly count: number; readonly through: Through }
  | { readonly do: 'talk'; readonly rounds: number }
  | { readonly do: 'close' };

/** Where the clients go: straight to the server, or through a proxy to it. */
export interface Through {
  readonly proxyPort?: number;
  readonly host: string;
  readonly port: number;
  /** Their own addresses: one address has some 28,000 ports. */
  readonly from: string;
}

/** What a process of clients answers. */
export interface Done {
  readonly done: Order['do'];
  readonly count: number;
}

const payload = Buffer.alloc(100, 'a');
/** A text of a client, with a mask of zeros. */
const said = Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
const heardBytes = payload.length + 2;
const close = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
/** How many handshakes are under way at a time: more would wait in the backlog of the listener. */
const openingMax = 64;

class Client {
  readonly #socket: Socket;
  #bytes = 0;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#bytes += bytes.length;
      if (this.#bytes >= heardBytes) this.#wake?.();
    });
    socket.on('close', () => this.#wake?.());
    socket.on('error', () => {});
  }

  /** Says so many messages, each when the one before has come back; how many came. */
  async talk(rounds: number): Promise<number> {
    for (let round = 0; round < rounds; round += 1) {
      this.#bytes = 0;
      const heard = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#socket.write(said);
      await heard;
      if (this.#bytes !== heardBytes) return round;
    }
    return rounds;
  }

  /** Closes in order; whether a close came back. */
  async close(): Promise<number> {
    this.#bytes = 0;
    const gone = once(this.#socket, 'close').catch(() => {});
    this.#socket.write(close);
    await gone;
    return this.#bytes === 4 ? 1 : 0;
  }
}

async function open({ proxyPort, host, port, from }: Through): Promise<Client> {
  const authority = `${host}:${port}`;
  const to = proxyPort === undefined ? { host, port } : { host: '127.0.0.1', port: proxyPort };
  const socket = connect({ ...to, localAddress: from, noDelay: true });
  await once(socket, 'connect');
  if (proxyPort !== undefined) {
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    await headOf(socket, ' 200 ');
  }
  socket.write(
    `GET / HTTP/1.1\r\nHost: ${authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await headOf(socket, ' 101 ');
  return new Client(socket);
}

async function headOf(socket: Socket, status: string): Promise<void> {
  let text = '';
  while (!text.endsWith('\r\n\r\n')) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    text += bytes.toString('latin1');
  }
  if (!text.includes(status)) throw new Error(`not granted: ${text.slice(0, 200)}`);
}

const clients: Client[] = [];

async function obey(order: Order): Promise<number> {
  switch (order.do) {
    case 'open': {
      for (let left = order.count; left > 0; left -= openingMax) {
        const batch = Array.from({ length: Math.min(left, openingMax) }, () => open(order.through));
        clients.push(...(await Promise.all(batch)));
      }
      return clients.length;
    }
    case 'talk':
      return sum(await Promise.all(clients.map((client) => client.talk(order.rounds))));
    case 'close':
      return sum(await Promise.all(clients.splice(0).map((client) => client.close())));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

process.on('message', (order: Order) => {
  obey(order).then(
    (count) => process.send?.({ done: order.do, count } satisfies Done),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
