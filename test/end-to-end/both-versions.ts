import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { createServer as createHttp2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { createServer as createSocketServer } from 'node:net';
import { portOf } from './origin.ts';

/** A server in plain text that speaks whichever version of HTTP it is spoken to in. */
export interface BothVersions {
  readonly port: number;
  /** How many requests have reached it. */
  saw(): number;
  stop(): Promise<void>;
}

/** Starts one that answers with a fresh number, the path and what was said. */
export async function startBothVersions(): Promise<BothVersions> {
  let count = 0;
  const answer = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): void => {
    count += 1;
    const n = count;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const said = Buffer.concat(chunks).toString();
      response.end(JSON.stringify({ n, path: request.url, said }));
    });
  };
  const first = createServer(answer);
  const second = createHttp2Server(answer);
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('readable', () => {
      const bytes: unknown = socket.read();
      if (!Buffer.isBuffer(bytes)) return;
      socket.unshift(bytes);
      (bytes.subarray(0, 3).toString() === 'PRI' ? second : first).emit('connection', socket);
    });
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    port: portOf(server),
    saw: () => count,
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
