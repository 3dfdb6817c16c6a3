import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import { expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { startNats } from './data-servers.ts';
import { has } from './real-servers.ts';
import { withTunnelled } from './tunnelled.ts';
import type { Running } from './with-appliance.ts';
import { twice } from './with-appliance.ts';

/** Runs a body against NATS through the proxy, and again when the server is gone. */
async function bothWays<Result>(
  body: (open: () => Promise<NatsConnection>, running: Running) => Promise<Result>,
): Promise<readonly [Result, Result]> {
  const server = await startNats();
  return twice(
    server,
    (running, live) =>
      withTunnelled(running.via, `localhost:${server.port}`, async (port) => {
        const open = () =>
          connect({ servers: `127.0.0.1:${port}`, reconnect: false, name: live ? 'then' : 'now!' });
        const result = await body(open, running);
        if (!live) {
          expect(running.appliance.receipt()).toMatchObject({ missed: 0, liveCalls: 0, failed: 0 });
        }
        return result;
      }),
    () => ({ MAGNETO_RAW: 'record' }),
  );
}

/** The texts of so many messages of a subscription. */
async function texts(
  subscription: AsyncIterable<{ string(): string }>,
  count: number,
): Promise<readonly string[]> {
  const got: string[] = [];
  for await (const message of subscription) {
    got.push(message.string());
    if (got.length === count) break;
  }
  return got;
}

const needed = { ok: has('nats-server'), reason: 'nats-server is not installed' };

describeWhere(needed, 'NATS is replayed with its server gone', () => {
  test('what is published comes to who subscribed', async () => {
    const [live, again] = await bothWays(async (open) => {
      const connection = await open();
      const got = texts(connection.subscribe('greet.*'), 3);
      await connection.flush();
      for (const name of ['joe', 'sue', 'zoë'])
        connection.publish(`greet.${name}`, `hello ${name}`);
      const heard = await got;
      await connection.drain();
      return heard;
    });
    expect(live).toEqual(['hello joe', 'hello sue', 'hello zoë']);
    expect(again).toEqual(live);
  });

  test('a request gets its reply, whose inbox is another in each run', async () => {
    const [live, again] = await bothWays(async (open) => {
      const [service, client] = [await open(), await open()];
      service.subscribe('double', {
        callback: (_error, message) => void message.respond(String(2 * Number(message.string()))),
      });
      await service.flush();
      const replies: string[] = [];
      for (const one of ['1', '21', '50']) {
        replies.push((await client.request('double', one, { timeout: 5000 })).string());
      }
      const none = await client.request('nobody', 'x', { timeout: 5000 }).catch(String);
      await Promise.all([client.drain(), service.drain()]);
      return { replies, none };
    });
    expect(live.replies).toEqual(['2', '42', '100']);
    expect(live.none).toMatch(/no responders/i);
    expect(again).toEqual(live);
  });

  test('a queue group shares what is published', async () => {
    const [live, again] = await bothWays(async (open) => {
      const connections = [await open(), await open(), await open()];
      const [publisher, ...workers] = connections;
      let heard = 0;
      const { promise, resolve } = Promise.withResolvers<void>();
      for (const worker of workers) {
        worker.subscribe('work', {
          queue: 'all',
          callback: () => {
            heard += 1;
            if (heard === 20) resolve();
          },
        });
        await worker.flush();
      }
      for (let job = 0; job < 20; job += 1) publisher?.publish('work', String(job));
      await promise;
      await Promise.all(connections.map((connection) => connection.drain()));
      return heard;
    });
    expect(live).toBe(20);
    expect(again).toBe(live);
  });

  test('a stream of JetStream takes what is published, and says so', async () => {
    const [live, again] = await bothWays(async (open) => {
      const connection = await open();
      const config = JSON.stringify({ name: 'ORDERS', subjects: ['orders.>'], storage: 'memory' });
      const made = await connection.request('$JS.API.STREAM.CREATE.ORDERS', config);
      const acks: unknown[] = [];
      for (const id of ['1', '2']) acks.push((await connection.request(`orders.${id}`, id)).json());
      await connection.drain();
      return { name: made.json<{ config: { name: string } }>().config.name, acks };
    });
    expect(live.name).toBe('ORDERS');
    expect(live.acks).toEqual([
      { stream: 'ORDERS', seq: 1 },
      { stream: 'ORDERS', seq: 2 },
    ]);
    expect(again).toEqual(live);
  });

  test('a side may ask at any time whether the other is still there', async () => {
    const [live, again] = await bothWays(async (open, { appliance }) => {
      const connection = await open();
      const got = texts(connection.subscribe('a'), 2);
      connection.publish('a', '1');
      const times = appliance.receipt().mode === 'record' ? 1 : 4;
      for (let left = times; left > 0; left -= 1)
        expect(await connection.rtt()).toBeGreaterThan(-1);
      connection.publish('a', '2');
      const heard = await got;
      await connection.close();
      return heard;
    });
    expect(live).toEqual(['1', '2']);
    expect(again).toEqual(live);
  });
});
