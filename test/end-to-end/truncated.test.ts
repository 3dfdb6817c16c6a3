import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type * as grpc from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';
import { until } from '../mode/harness.ts';
import { tunnel } from './client.ts';
import type { GrpcOrigin } from './grpc-origin.ts';
import { ask as call, grpcClient, startGrpc } from './grpc-origin.ts';
import { portOf } from './origin.ts';
import { listen } from './raw-client.ts';
import type { Running } from './with-appliance.ts';
import { twice } from './with-appliance.ts';

/** Of everything only so much is recorded. */
const limited = () => ({ MAGNETO_RAW: 'record', MAGNETO_BODY_BYTES_MAX: '100' });
const long = 'x'.repeat(80);

const clients: grpc.Client[] = [];
const origins: GrpcOrigin[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const origin of origins.splice(0)) await origin.stop();
});

/** A server that answers each thing that it hears by what it is given to do. */
async function startPlain(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: portOf(server), stop };
}

/** Sends bytes through a tunnel; what came back, and how it ended. */
async function says({ via }: Running, port: number, bytes: string) {
  const socket = await tunnel(via, `127.0.0.1:${port}`);
  const heard = listen(socket);
  socket.write(bytes);
  const ended = await heard.until(() => false);
  socket.destroy();
  return { length: heard.got().length, ended };
}

async function counted({ appliance }: Running): Promise<number> {
  const over = ({ recorded, served }: ReturnType<typeof appliance.receipt>): boolean =>
    recorded + served > 0;
  await until(() => over(appliance.receipt()), 'its end');
  return appliance.receipt().truncated;
}

/** Servers that say two things of 80 bytes and then end in order, so that only the bytes tell what is missing. */
test.each([
  ['a raw stream', '\u0001hello', (socket: Socket) => socket.end(long + long)],
  [
    'an upgraded connection',
    'GET / HTTP/1.1\r\nHost: it\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
    (socket: Socket) => {
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      socket.end(long + long);
    },
  ],
  [
    'a body that ends with its connection',
    'GET / HTTP/1.1\r\nHost: it\r\n\r\n',
    (socket: Socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${long}${long}`),
  ],
  [
    'a body without chunks for a client of HTTP/1.0',
    'GET / HTTP/1.0\r\nHost: it\r\n\r\n',
    (socket: Socket) =>
      socket.end(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na0\r\n${long}${long}\r\n0\r\n\r\n`,
      ),
  ],
])(
  '%s of which only a part was recorded is reset there, and counted',
  async (_what, asked, serve) => {
    const origin = await startPlain((socket) => socket.once('data', () => serve(socket)));
    const [live, again] = await twice(
      origin,
      async (running) => ({
        heard: await says(running, origin.port, asked),
        truncated: await counted(running),
      }),
      limited,
    );
    expect(live).toMatchObject({ heard: { ended: 'end' }, truncated: 1 });
    expect(again).toMatchObject({ heard: { ended: 'reset' }, truncated: 1 });
    expect(again.heard.length).toBeLessThan(live.heard.length);
  },
);

test('a WebSocket session of which only a part was recorded is counted', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    socket.send(long);
    socket.send(long);
    socket.close(1000);
  });
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const stop = async (): Promise<void> => server.close();
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const asked = `GET / HTTP/1.1\r\nHost: it\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
  const [live, again] = await twice(
    { stop },
    async (running) => {
      const socket = await tunnel(running.via, `127.0.0.1:${port}`);
      const heard = listen(socket);
      socket.write(asked);
      await heard.until((got) => got.toString('latin1').includes(long));
      // As one that loses its server does; and one that was told to close.
      await heard.until((got) => got.includes(Buffer.from([0x88, 2, 3, 0xe8])));
      socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]));
      return counted(running);
    },
    limited,
  );
  expect([live, again]).toEqual([1, 1]);
});

test('a gRPC call of which only a part was recorded is counted', async () => {
  const origin = await startGrpc({
    List: {
      stream(asked) {
        for (const text of [long, long]) asked.write(text);
        asked.end();
      },
    },
  });
  origins.push(origin);
  const [live, again] = await twice(
    origin,
    async (running) => {
      const client = grpcClient(running.via, origin.port);
      clients.push(client);
      const { code } = await call(client, ['List', 'all']);
      return { code, truncated: await counted(running) };
    },
    limited,
  );
  expect(live).toEqual({ code: 0, truncated: 1 });
  expect(again).toEqual({ code: 13, truncated: 1 });
});
