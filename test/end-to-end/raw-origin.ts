import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { portOf } from './origin.ts';

/** A request as its very bytes. */
export interface RawRequest {
  /** Request line and header lines, without the empty line. */
  readonly head: string;
  readonly path: string;
  /** The bytes behind the head, framing included; resolves when they are whole by that framing. */
  readonly body: () => Promise<Buffer>;
}

/** A server made of a plain socket, which says exactly what it is told to say. */
export interface RawOrigin {
  readonly port: number;
  /** Everything asked so far, each with its body as far as it was read. */
  readonly requests: readonly RawRequest[];
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}

/** Starts a server that answers each request by writing to its socket. */
export async function startRawOrigin(
  answer: (request: RawRequest, socket: Socket) => void,
): Promise<RawOrigin> {
  const requests: RawRequest[] = [];
  return startSocketOrigin((socket) => {
    readRequests(socket, (request) => {
      requests.push(request);
      answer(request, socket);
    });
  }, requests);
}

/** Starts a server that does anything with its sockets. */
export async function startSocketOrigin(
  serve: (socket: Socket) => void,
  requests: readonly RawRequest[] = [],
): Promise<RawOrigin> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    serve(socket);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    port: portOf(server),
    requests,
    connections: () => connections,
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Cuts what comes on a socket into requests. */
function readRequests(socket: Socket, found: (request: RawRequest) => void): void {
  let held: Buffer = Buffer.alloc(0);
  let bodyEnd: ((bytes: Buffer) => number) | undefined;
  let deliver: (body: Buffer) => void = () => {};
  const look = (): void => {
    for (;;) {
      if (bodyEnd !== undefined) {
        const end = bodyEnd(held);
        if (end === -1) return;
        deliver(held.subarray(0, end));
        held = held.subarray(end);
        bodyEnd = undefined;
      }
      const end = held.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = held.toString('latin1', 0, end);
      held = held.subarray(end + 4);
      bodyEnd = bodyEndOf(head);
      const { promise, resolve } = Promise.withResolvers<Buffer>();
      deliver = resolve;
      found({ head, path: head.split(' ', 2)[1] ?? '', body: () => promise });
    }
  };
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    look();
  });
}

function bodyEndOf(head: string): (bytes: Buffer) => number {
  if (/^transfer-encoding:.*chunked/im.test(head)) {
    return (bytes) => {
      const last = /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(bytes.toString('latin1'));
      return last === null ? -1 : last.index + last[0].length;
    };
  }
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return (bytes) => (bytes.length < length ? -1 : length);
}
