import { readFileSync } from 'node:fs';
import { createClient } from '@redis/client';
import { describe, expect, test } from '@jest/globals';
import { until } from '../mode/harness.ts';
import { describeWhere } from '../skip.ts';
import type { DataServer } from './data-servers.ts';
import { startRedis } from './data-servers.ts';
import { has } from './real-servers.ts';
import { withTunnelled } from './tunnelled.ts';
import type { Running } from './with-appliance.ts';
import { twice } from './with-appliance.ts';

type Client = ReturnType<typeof connect>;

function connect(port: number, version: 2 | 3 = 2) {
  return createClient({
    RESP: version,
    socket: { host: '127.0.0.1', port, reconnectStrategy: false },
  }).on('error', () => {});
}

/** Runs a body against Redis through the proxy, and again when the server is gone. */
async function bothWays<Result>(
  body: (port: number, running: Running) => Promise<Result>,
): Promise<readonly [Result, Result]> {
  const server: DataServer = await startRedis();
  return twice(
    server,
    (running, live) =>
      withTunnelled(running.via, `localhost:${server.port}`, async (port) => {
        const result = await body(port, running);
        if (!live) {
          expect(running.appliance.receipt()).toMatchObject({ missed: 0, liveCalls: 0, failed: 0 });
        }
        return result;
      }),
    () => ({ MAGNETO_RAW: 'record' }),
  );
}

async function withClient<Result>(
  port: number,
  body: (client: Client) => Promise<Result>,
  version: 2 | 3 = 2,
): Promise<Result> {
  const client = connect(port, version);
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}

const needed = { ok: has('redis-server'), reason: 'redis-server is not installed' };

describeWhere(needed, 'Redis is replayed with its server gone', () => {
  describe.each([2, 3] as const)('speaking RESP %i', (version) => {
    test('commands, pipelines, transactions and binary values', async () => {
      const binary = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at & 0xff));
      const [live, again] = await bothWays((port) =>
        withClient(
          port,
          async (client) => ({
            set: await client.set('a', '1'),
            counted: [await client.incr('a'), await client.incr('a')],
            pipelined: await Promise.all([client.get('a'), client.get('none'), client.incr('b')]),
            transaction: await client.multi().set('c', 'x').incr('b').get('c').exec(),
            stored: await client.set('bin', binary),
            got: await client.get('bin'),
            hash: [await client.hSet('h', { x: '1', y: '2' }), await client.hGetAll('h')],
            wrong: await client.incr('c').catch(String),
          }),
          version,
        ),
      );
      expect(live.counted).toEqual([2, 3]);
      expect(live.wrong).toMatch(/not an integer/);
      expect(again).toEqual(live);
    });
  });

  test('what is published comes to who subscribed', async () => {
    const [live, again] = await bothWays((port) =>
      withClient(port, (publisher) =>
        withClient(port, async (subscriber) => {
          const heard: string[] = [];
          const { promise, resolve } = Promise.withResolvers<void>();
          await subscriber.subscribe('news', (text) => {
            heard.push(text);
            if (heard.length === 3) resolve();
          });
          for (const text of ['one', 'two', 'three']) await publisher.publish('news', text);
          await promise;
          return heard;
        }),
      ),
    );
    expect(live).toEqual(['one', 'two', 'three']);
    expect(again).toEqual(live);
  });

  test('what runs at once may come in another order, and on another connection', async () => {
    const [live, again] = await bothWays(async (port, { appliance }) => {
      const isLive = appliance.receipt().mode === 'record';
      const clients = [connect(port), connect(port), connect(port)];
      await Promise.all(clients.map((client) => client.connect()));
      const keys = Array.from({ length: 30 }, (_, at) => `key-${at}`);
      const turned = isLive ? keys : keys.toReversed();
      const got = await Promise.all(
        turned.map(async (key, at) => {
          const client = clients[(isLive ? at : at * 7 + 1) % 3];
          await client?.set(key, key.toUpperCase());
          return [key, await client?.get(key)] as const;
        }),
      );
      await Promise.all(clients.map((client) => client.close()));
      return Object.fromEntries(got);
    });
    expect(live['key-7']).toBe('KEY-7');
    expect(again).toEqual(live);
  });

  test('a client that asks whether it is still there may do so at any time', async () => {
    const [live, again] = await bothWays((port, { appliance }) =>
      withClient(port, async (client) => {
        const pings = appliance.receipt().mode === 'record' ? 1 : 5;
        const got: unknown[] = [await client.set('a', '1')];
        for (let left = pings; left > 0; left -= 1) expect(await client.ping()).toBe('PONG');
        got.push(await client.get('a'));
        return got;
      }),
    );
    expect(again).toEqual(live);
  });

  test('inside TLS, which is opened and told of', async () => {
    const server = await startRedis({ tls: true });
    const [live, again] = await twice(
      server,
      (running) =>
        withTunnelled(running.via, `localhost:${server.port}`, async (port) => {
          const ca = readFileSync(running.via.caFile);
          const socket = {
            host: 'localhost',
            port,
            tls: true,
            ca,
            reconnectStrategy: false,
          } as const;
          const client = createClient({ socket }).on('error', () => {});
          await client.connect();
          const got = [await client.set('a', '1'), await client.get('a')];
          await client.close();
          await until(() => running.appliance.receipt().streams > 0, 'its end');
          return { got, receipt: running.appliance.receipt() };
        }),
      () => ({ MAGNETO_RAW: 'record', MAGNETO_UPSTREAM_CA: server.caFile }),
    );
    expect(live.got).toEqual(['OK', '1']);
    expect(again.got).toEqual(live.got);
    expect(again.receipt).toMatchObject({ loaded: 1, served: 1, missed: 0, liveCalls: 0 });
  });
});
