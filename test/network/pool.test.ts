import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Connection } from '../../src/network/connection.ts';
import type { PoolLimits } from '../../src/network/pool.ts';
import { Pool } from '../../src/network/pool.ts';
import type { Listening } from './world.ts';
import { eventually, sleep, withServer } from './world.ts';

const any = (): boolean => true;

/** Runs a pool with connections to a server that the test holds in its hands. */
async function withPool(
  limits: Partial<PoolLimits>,
  body: (world: {
    pool: Pool;
    make: () => Promise<Connection>;
    listening: Listening;
  }) => Promise<void>,
): Promise<void> {
  await withServer(
    () => {},
    async (listening) => {
      const pool = new Pool({ perKey: 10, total: 10, idleMs: 60_000, ...limits });
      const made: Socket[] = [];
      const make = async (): Promise<Connection> => {
        const socket = connect({ port: listening.port, host: '127.0.0.1', allowHalfOpen: true });
        made.push(socket);
        await new Promise((resolve) => {
          socket.once('connect', resolve);
        });
        await eventually(() => listening.sockets.length === made.length);
        return new Connection({ socket, transport: socket });
      };
      try {
        await body({ pool, make, listening });
      } finally {
        pool.close();
        for (const socket of made) socket.destroy();
      }
    },
  );
}

describe('a pool', () => {
  test('gives back what was kept last under a key, once', async () => {
    await withPool({}, async ({ pool, make }) => {
      const first = await make();
      const second = await make();
      pool.put('a', first);
      pool.put('a', second);
      expect(pool.take('b', any)).toBeUndefined();
      expect(pool.find('a', any)).toBe(second);
      expect(pool.take('a', any)).toBe(second);
      expect(second.pooled).toBe(true);
      expect(pool.take('a', (connection) => connection !== first)).toBeUndefined();
      expect(pool.take('a', any)).toBe(first);
      expect(pool.take('a', any)).toBeUndefined();
    });
  });

  test('leaves no listener and no clock on what it gives back', async () => {
    await withPool({}, async ({ pool, make }) => {
      const connection = await make();
      const { socket } = connection;
      const count = (): number[] =>
        ['readable', 'end', 'close', 'timeout', 'error'].map((name) => socket.listenerCount(name));
      const before = count();
      pool.put('a', connection);
      pool.take('a', any);
      expect(count()).toEqual(before);
      expect(socket.timeout).toBe(0);
    });
  });

  test.each([
    ['closed', (socket: Socket | undefined) => socket?.end()],
    ['reset', (socket: Socket | undefined) => socket?.resetAndDestroy()],
  ])('forgets a connection that the server %s', async (_how, end) => {
    await withPool({}, async ({ pool, make, listening }) => {
      const connection = await make();
      pool.put('a', connection);
      end(listening.sockets[0]);
      await eventually(() => connection.socket.destroyed);
      expect(pool.take('a', any)).toBeUndefined();
    });
  });

  test('destroys one that is closed already', async () => {
    await withPool({}, async ({ pool, make, listening }) => {
      const connection = await make();
      connection.socket.resume();
      listening.sockets[0]?.end();
      await eventually(() => connection.lost !== undefined);
      pool.put('a', connection);
      expect(connection.socket.destroyed).toBe(true);
      expect(pool.take('a', any)).toBeUndefined();
    });
  });

  test('tells when a server speaks on an unused connection, and keeps its bytes', async () => {
    await withPool({}, async ({ pool, make, listening }) => {
      const connection = await make();
      const { spoke } = pool.put('a', connection);
      listening.sockets[0]?.write('hello');
      await spoke;
      expect(pool.take('a', any)?.socket.read()).toEqual(Buffer.from('hello'));
    });
  });

  test('destroys a used connection on which the server speaks', async () => {
    await withPool({}, async ({ pool, make, listening }) => {
      const connection = await make();
      connection.used = true;
      pool.put('a', connection);
      listening.sockets[0]?.write('hello');
      await eventually(() => connection.socket.destroyed);
      expect(pool.take('a', any)).toBeUndefined();
    });
  });

  test('closes what nobody takes in time', async () => {
    await withPool({ idleMs: 30 }, async ({ pool, make }) => {
      const left = await make();
      const taken = await make();
      pool.put('a', left);
      pool.put('b', taken);
      pool.take('b', any);
      await eventually(() => left.socket.destroyed);
      await sleep(30);
      expect(taken.socket.destroyed).toBe(false);
    });
  });

  test('is bounded under each key and in all, and lets the oldest go', async () => {
    await withPool({ perKey: 2, total: 3 }, async ({ pool, make }) => {
      const made = await Promise.all([make(), make(), make(), make(), make()]);
      const open = (): boolean[] => made.map(({ socket }) => !socket.destroyed);
      const keys = ['a', 'a', 'a', 'b', 'c'];
      for (const [at, connection] of made.entries()) pool.put(keys[at] ?? '', connection);
      expect(open()).toEqual([false, false, true, true, true]);
    });
  });

  test('drops what was used under a key, and closes all', async () => {
    await withPool({}, async ({ pool, make }) => {
      const made = await Promise.all([make(), make(), make()]);
      const [used, unused, other] = made;
      if (used !== undefined) used.used = true;
      for (const [at, connection] of made.entries()) pool.put(at < 2 ? 'a' : 'b', connection);
      pool.drop('a');
      pool.drop('c');
      expect(made.map(({ socket }) => socket.destroyed)).toEqual([true, false, false]);
      pool.close();
      expect([unused?.socket.destroyed, other?.socket.destroyed]).toEqual([true, true]);
    });
  });
});
