import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from 'ws';
import { tunnel } from './client.ts';
import type { Running } from './with-appliance.ts';
import { twice } from './with-appliance.ts';

const schema = buildSchema(`
  type Query { hello: String }
  type Subscription { count(to: Int!): Int, letters(of: String!): String }
`);

async function* each(name: string, values: Iterable<unknown>) {
  for (const value of values) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    yield { [name]: value };
  }
}

/** A GraphQL server with two subscriptions, as graphql-ws serves them. */
async function startGraphql(): Promise<{
  readonly port: number;
  readonly stop: () => Promise<void>;
}> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  const roots = {
    query: { hello: () => 'world' },
    subscription: {
      count: ({ to }: { readonly to: number }) =>
        each(
          'count',
          Array.from({ length: to }, (_, n) => n + 1),
        ),
      letters: ({ of }: { readonly of: string }) => each('letters', of),
    },
  };
  const { dispose } = useServer({ schema, roots }, sockets);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    await dispose();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, stop };
}

/** Two subscriptions and a query on one socket, with the real client, whose ids are new each time. */
async function subscribe({ via }: Running, port: number): Promise<Record<string, unknown[]>> {
  const url = `ws://127.0.0.1:${port}/graphql`;
  const inner = await tunnel(via, new URL(url).host);
  const client = createClient({
    url,
    retryAttempts: 0,
    // A lazy one closes its socket as soon as nothing is subscribed to.
    lazy: false,
    connectionParams: { token: 'of ann' },
    webSocketImpl: class extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { createConnection: () => inner });
      }
    },
  });
  const all = async (query: string): Promise<unknown[]> => {
    const results: unknown[] = [];
    for await (const { data } of client.iterate({ query })) results.push(data);
    return results;
  };
  const [count, letters, hello] = await Promise.all([
    all('subscription { count(to: 4) }'),
    all('subscription { letters(of: "abc") }'),
    all('{ hello }'),
  ]);
  const again = await all('subscription { count(to: 2) }');
  await client.dispose();
  return { count, letters, hello, again };
}

test('GraphQL subscriptions of a real client are replayed, several on one socket, with ids made anew', async () => {
  const server = await startGraphql();
  const [live, again] = await twice(server, async (running, isLive) => {
    const results = [await subscribe(running, server.port)];
    for (let run = 1; !isLive && run < 5; run += 1)
      results.push(await subscribe(running, server.port));
    const { missed } = running.appliance.receipt();
    return { results, missed };
  });
  expect(live.results).toEqual([
    {
      count: [{ count: 1 }, { count: 2 }, { count: 3 }, { count: 4 }],
      letters: [{ letters: 'a' }, { letters: 'b' }, { letters: 'c' }],
      hello: [{ hello: 'world' }],
      again: [{ count: 1 }, { count: 2 }],
    },
  ]);
  expect(again).toEqual({ results: Array(5).fill(live.results[0]), missed: 0 });
}, 25_000);
