import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrival } from '../../src/exchange/arrival.ts';
import type { Part, Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Failure } from '../../src/exchange/failure.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Answer, Offer } from '../../src/exchange/upstream.ts';
import type { Tunnel, WireOptions } from '../../src/wire/wire.ts';
import { createWire } from '../../src/wire/wire.ts';

/** What an upstream written by hand does with an exchange. */
export type Open = (exchange: Exchange) => Answer | Promise<Answer>;

/** A wire behind a real port, and what reached its upstream. */
export interface Served {
  readonly port: number;
  readonly exchanges: readonly Exchange[];
  readonly failures: readonly Failure[];
  readonly lost: readonly unknown[];
  readonly tunnels: readonly Tunnel[];
  /** Sockets of clients, on our side. */
  readonly sockets: readonly Socket[];
  readonly drain: () => void;
}

export interface Serving {
  readonly arrival?: Partial<Arrival>;
  readonly wire?: Partial<WireOptions>;
  readonly kind?: 'http' | 'http2' | 'stream';
  /** The terms of the destination, where HTTP/2 is spoken. */
  readonly offer?: Offer;
  /** What a connection is inside, where it is not as it came: a TLS session. */
  readonly within?: (socket: Socket) => Promise<Duplex>;
}

/** Runs a body against a wire on a free port of its own. */
export async function withWire(
  open: Open,
  body: (served: Served) => Promise<void>,
  serving: Serving = {},
): Promise<void> {
  const exchanges: Exchange[] = [];
  const failures: Failure[] = [];
  const lost: unknown[] = [];
  const tunnels: Tunnel[] = [];
  const sockets: Socket[] = [];
  const wire = createWire({
    missStatus: 502,
    onConnect: (tunnel) => tunnels.push(tunnel),
    own: (path) => (path === '/ca.pem' ? { type: 'text/x', text: 'PEM' } : undefined),
    isOwn: ({ port }) => port === 8888,
    onFailure: (failure) => failures.push(failure),
    onLost: (_where, error) => lost.push(error),
    ...serving.wire,
  });
  const upstream = {
    offer: () => Promise.resolve({ type: 'unknown' as const }),
    open: async (exchange: Exchange) => {
      exchanges.push(exchange);
      return open(exchange);
    },
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    const enter = (inside: Duplex): void =>
      wire[serving.kind ?? 'http'](
        {
          socket: inside,
          client: { address: '127.0.0.1', port: socket.remotePort ?? 0 },
          session: { name: 'default', upstream },
          depth: 0,
          reset: () => socket.resetAndDestroy(),
          ...serving.arrival,
        },
        serving.offer,
      );
    if (serving.within === undefined) enter(socket);
    else serving.within(socket).then(enter, (error: unknown) => lost.push(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await body({ port, exchanges, failures, lost, tunnels, sockets, drain: wire.drain });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

/** A client that speaks bytes. */
export interface RawClient {
  readonly socket: Socket;
  readonly send: (bytes: string | Buffer) => void;
  /** Everything heard so far, as latin1. */
  readonly heard: () => string;
  /** Resolves when what was heard holds the text. */
  readonly hears: (text: string) => Promise<void>;
  /** Resolves when the other side has ended: everything heard, and how it ended. */
  readonly ended: () => Promise<{ readonly text: string; readonly how: string }>;
}

/** Connects a raw client. */
export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let how: string | undefined;
  socket.on('data', (bytes) => chunks.push(Buffer.from(bytes)));
  socket.on('error', (error) => {
    how ??= 'code' in error ? String(error.code) : error.message;
  });
  socket.on('end', () => {
    how ??= 'FIN';
  });
  await until(
    () => !socket.connecting,
    () => 'a connection',
  );
  const heard = (): string => Buffer.concat(chunks).toString('latin1');
  return {
    socket,
    heard,
    send: (bytes) => void socket.write(bytes, 'latin1'),
    hears: (text) =>
      until(
        () => heard().includes(text),
        () => `${text} in ${heard()}`,
      ),
    async ended() {
      await until(
        () => how !== undefined,
        () => `an end after ${heard()}`,
      );
      socket.destroy();
      return { text: heard(), how: how ?? '' };
    },
  };
}

/** Sends bytes on a connection of their own, waits for its end, and gives what came and how it ended. */
export async function say(
  port: number,
  bytes: string | Buffer,
): Promise<{ readonly text: string; readonly how: string }> {
  const client = await rawClient(port);
  client.send(bytes);
  return client.ended();
}

/** Waits until a condition holds; fails after ten seconds with what was waited for. */
export async function until(condition: () => boolean, what: () => string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what()}`);
    await sleep(2);
  }
}

/** An answer with a body whole in memory. */
export function whole(text: string, headers: Headers = [], status = 200): Answer {
  const body = Buffer.from(text);
  const length = ['Content-Length', String(body.length)] as const;
  return {
    head: { status, statusText: 'OK', httpVersion: '1.1', headers: [...headers, length] },
    body,
    ending: finished,
    outcome: 'forwarded',
  };
}

/** Parts of a body, one for each text. */
export async function* parts(...texts: readonly string[]): Parts {
  for (const text of texts) yield part(text);
}

export function part(text: string, kind: Part['kind'] = 'data'): Part {
  return { atMs: 0, kind, bytes: Buffer.from(text, 'latin1') };
}

/** Everything that the body of an exchange or an answer has to say. */
export async function read(body: Exchange['body']): Promise<string> {
  if (body === undefined) return '(absent)';
  if (Buffer.isBuffer(body)) return body.toString('latin1');
  let text = '';
  for await (const { bytes } of body) text += bytes.toString('latin1');
  return text;
}
