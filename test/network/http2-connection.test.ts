import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Connection } from '../../src/network/connection.ts';
import { Http2Connection } from '../../src/network/http2-connection.ts';
import type { Frame } from './http2-world.ts';
import { fields, frames, framesServer, goaway } from './http2-world.ts';
import { eventually, sleep, withServer } from './world.ts';

const get = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'] as const;
const atOnce = { endStream: true, waitForTrailers: false } as const;

interface World {
  readonly shared: Http2Connection;
  readonly socket: Socket;
  readonly saw: readonly Frame[];
  readonly say: (...bytes: readonly Buffer[]) => void;
}

/** Runs a connection to a server of single frames. */
async function withShared(
  body: (world: World) => Promise<void>,
  {
    idleMs = 60_000,
    settings = [],
  }: { readonly idleMs?: number; readonly settings?: readonly (readonly [number, number])[] } = {},
): Promise<void> {
  const saw: Frame[] = [];
  let server: Socket | undefined;
  const serve = framesServer((one) => saw.push(one), settings);
  await withServer(
    (socket) => {
      server = socket;
      serve(socket);
    },
    async ({ port }) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      await new Promise((resolve) => {
        socket.once('connect', resolve);
      });
      const connection = new Connection({ socket, transport: socket });
      const shared = await new Http2Connection(connection, idleMs).settled(undefined);
      const say = (...bytes: readonly Buffer[]): void => void server?.write(Buffer.concat(bytes));
      try {
        await body({ shared, socket, saw, say });
      } finally {
        shared.destroy();
      }
    },
  );
}

describe('a connection of HTTP/2', () => {
  test('knows what its server wants, and counts', async () => {
    const settings = [
      [3, 2],
      [8, 1],
    ] as const;
    await withShared(
      async ({ shared, say, saw }) => {
        expect(shared).toMatchObject({
          open: true,
          full: false,
          streams: 0,
          connectProtocol: true,
        });
        const first = shared.reserve().request(get, atOnce);
        first.resume();
        expect(shared).toMatchObject({ streams: 1, full: false, wasIdle: false });
        shared.reserve();
        expect(shared.full).toBe(true);
        shared.release();
        await eventually(() => saw.some(({ type }) => type === frames.headers));
        say(fields(1, [[':status', '200']], true));
        await eventually(() => shared.streams === 0);
        expect(shared.reserve().wasIdle).toBe(true);
        shared.release();
      },
      { settings },
    );
  });

  test('waits on a server that takes no streams for now', async () => {
    await withShared(
      ({ shared }) => {
        expect(shared.full).toBe(false);
        shared.reserve();
        expect(shared.full).toBe(true);
        return Promise.resolve();
      },
      { settings: [[3, 0]] },
    );
  });

  test('tells which streams a server took before it went away', async () => {
    await withShared(async ({ shared, say, saw }) => {
      const took = shared.reserve().request(get, atOnce);
      await eventually(() => saw.some(({ type }) => type === frames.headers));
      say(goaway(2 ** 31 - 1, 0));
      await eventually(() => !shared.open);
      expect(shared.lostFor(3)).toBeUndefined();
      say(goaway(took.id ?? 0, 2));
      await eventually(() => shared.lostFor(3) !== undefined);
      expect(shared.lostFor(3)).toEqual({ type: 'goaway', code: 2 });
      expect(shared.lostFor(took.id)).toBeUndefined();
      expect(took.closed).toBe(false);
    });
  });

  test('says goodbye when it was idle for long, and hangs up on a server that does not', async () => {
    await withShared(
      async ({ shared, socket, saw }) => {
        shared.reserve();
        await sleep(60);
        expect(shared.open).toBe(true);
        shared.release();
        await eventually(() => saw.some(({ type }) => type === frames.goaway));
        expect(shared.open).toBe(false);
        await eventually(() => socket.destroyed);
      },
      { idleMs: 20 },
    );
  });

  test('is none where the server does not say how it wants to be spoken to', async () => {
    const serve = (socket: Socket): void => void socket.once('data', () => socket.end());
    await withServer(serve, async ({ port }) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      const connection = new Connection({ socket, transport: socket });
      const settled = new Http2Connection(connection, 60_000).settled(undefined);
      await expect(settled).rejects.toMatchObject({ ending: { type: 'cut', by: 'server' } });
      expect(socket.destroyed).toBe(true);
    });
  });

  test('is begun without SETTINGS where they are late', async () => {
    await withServer(
      (socket) => socket.resume(),
      async ({ port }) => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        const connection = new Connection({ socket, transport: socket });
        const shared = await new Http2Connection(connection, 60_000).settled(undefined);
        expect(shared).toMatchObject({ open: true, connectProtocol: false });
        shared.destroy();
      },
    );
  });
});
