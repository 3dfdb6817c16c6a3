import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { createEstablish } from '../../src/network/establish.ts';
import { Pool } from '../../src/network/pool.ts';
import { Reach } from '../../src/network/reach.ts';
import { createTrust } from '../../src/network/trust.ts';
import type { Listening } from './world.ts';
import { eventually, makeCertificates, withServer } from './world.ts';

const { ca, cert, key } = makeCertificates();

async function withReach(
  server: Parameters<typeof withServer>[0],
  body: (reach: Reach, listening: Listening) => Promise<void>,
): Promise<void> {
  const trust = createTrust({ upstreamCa: [ca], insecureHosts: [] });
  const pool = new Pool({ perKey: 10, total: 10, idleMs: 60_000 });
  const reach = new Reach({ pool, establish: createEstablish({ trust, track: () => {} }) });
  await withServer(server, (listening) => body(reach, listening));
  pool.close();
}

const silent = (): void => {};

describe('the way to a destination', () => {
  test('leads over what is kept for it, and only for it', async () => {
    await withReach(silent, async (reach, { destination }) => {
      const kept = await reach.forOffer(destination);
      reach.keep(destination, kept);
      const other = await reach.forHttp({ ...destination, address: destination.host }, {});
      expect(other).not.toBe(kept);
      expect(await reach.forHttp(destination, {})).toBe(kept);
      const fresh = await reach.forHttp(destination, {});
      expect(fresh).not.toBe(kept);
      for (const { socket } of [kept, other, fresh]) socket.destroy();
    });
  });

  test('for a stream is never one that carried something', async () => {
    await withReach(silent, async (reach, { destination }) => {
      const used = await reach.forOffer(destination);
      used.used = true;
      reach.keep(destination, used);
      const stream = await reach.forStream(destination, {});
      expect(stream).not.toBe(used);
      expect(await reach.forHttp(destination, {})).toBe(used);
      stream.socket.destroy();
      used.socket.destroy();
    });
  });

  test('past the pool drops what was used there, for it is as dead', async () => {
    await withReach(silent, async (reach, { destination }) => {
      const used = await reach.forOffer(destination);
      used.used = true;
      reach.keep(destination, used);
      const fresh = await reach.forHttp(destination, { fresh: true });
      expect(used.socket.destroyed).toBe(true);
      fresh.socket.destroy();
    });
  });

  test('for HTTP is never one that speaks another protocol', async () => {
    const server = createTlsServer({ cert, key, ALPNProtocols: ['mqtt', 'http/1.1'] });
    await withReach(server, async (reach, { port }) => {
      const destination = { host: 'a.test', address: '127.0.0.1', port, secure: true };
      const other = await reach.forOffer(destination, { alpn: ['mqtt'] });
      expect(other.alpn).toBe('mqtt');
      reach.keep(destination, other);
      const http = await reach.forHttp(destination, {});
      expect(http.alpn).toBe('http/1.1');
      expect(await reach.forStream(destination, {})).toBe(other);
      http.socket.destroy();
      other.socket.destroy();
    });
  });

  test('forgets what was kept for nothing', async () => {
    await withReach(silent, async (reach, { destination }) => {
      const unused = await reach.forOffer(destination);
      reach.keep(destination, unused);
      reach.forget({ ...destination, secure: true });
      await eventually(() => unused.socket.destroyed);
    });
  });

  test('is known where a connection was asked for at least as much, and chose what is wanted', async () => {
    const server = createTlsServer({ cert, key, ALPNProtocols: ['http/1.1'] });
    await withReach(server, async (reach, { port }) => {
      const destination = { host: 'localhost', port, secure: true };
      const used = await reach.forOffer(destination, { alpn: ['h2', 'http/1.1'] });
      expect(used.offered).toEqual(['http/1.1']);
      reach.keep(destination, used);
      const known = (...alpn: string[]): unknown => reach.known(destination, { alpn });
      // Nobody has seen yet that it is good for anything.
      expect(known('http/1.1')).toBeUndefined();
      used.used = true;
      expect(known('http/1.1')).toEqual({ alpn: 'http/1.1' });
      expect(known('h2', 'http/1.1')).toEqual({ alpn: 'http/1.1' });
      expect(known('http/1.1', 'mqtt')).toBeUndefined();
      expect(known()).toBeUndefined();
      used.socket.destroy();
    });
  });
});
