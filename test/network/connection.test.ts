import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import { Connection } from '../../src/network/connection.ts';
import type { Listening } from './world.ts';
import { eventually, withServer } from './world.ts';

async function withConnection(
  body: (connection: Connection, peer: () => Socket | undefined) => Promise<void>,
): Promise<void> {
  await withServer(
    () => {},
    async ({ port, sockets }: Listening) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      await eventually(() => sockets.length === 1 && !socket.connecting);
      await body(new Connection({ socket, transport: socket }), () => sockets[0]);
      socket.destroy();
    },
  );
}

describe('a connection', () => {
  test('is open, plain and unused when it is made', async () => {
    await withConnection(async (connection) => {
      expect(connection).toMatchObject({ open: true, pooled: false, used: false, absolute: false });
      expect([connection.lost, connection.broken, connection.alpn]).toEqual(
        Array(3).fill(undefined),
      );
    });
  });

  test('remembers that the server closed it', async () => {
    await withConnection(async (connection, peer) => {
      connection.socket.resume();
      peer()?.end();
      await eventually(() => !connection.open);
      expect(connection.lost).toEqual({ type: 'cut', by: 'server' });
      expect(connection.broken).toBeUndefined();
      // What comes after the server's end is not how it was lost.
      connection.abandon({ type: 'cut', by: 'client' });
      expect(connection.lost).toEqual({ type: 'cut', by: 'server' });
    });
  });

  test('tells that it broke', async () => {
    await withConnection(async (connection, peer) => {
      let told: Ending | undefined;
      connection.onBroken = () => {
        told = connection.broken;
      };
      connection.socket.resume();
      peer()?.resetAndDestroy();
      await eventually(() => told !== undefined);
      expect(told).toEqual({ type: 'reset', by: 'server' });
      expect(connection.lost).toEqual(told);
    });
  });

  test.each([
    [{ type: 'reset', by: 'client' }, 'ECONNRESET'],
    [{ type: 'cut', by: 'client' }, ''],
  ] as const)('given up by %j shows that to the server', async (ending, expected) => {
    await withConnection(async (connection, peer) => {
      let error = '';
      let over = false;
      peer()?.on('error', (cause) => {
        error = 'code' in cause ? String(cause.code) : '';
      });
      peer()?.on('end', () => {
        over = true;
      });
      peer()?.on('close', () => {
        over = true;
      });
      peer()?.resume();
      connection.abandon(ending);
      expect(connection.lost).toEqual(ending);
      await eventually(() => over);
      expect(error).toBe(expected);
      connection.abandon(ending);
    });
  });
});
