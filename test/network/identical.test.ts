import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { createIdenticalCap, identicalMax } from '../../src/network/identical.ts';
import type { Network } from '../../src/network/network.ts';
import { asking, bytesOf, withNetwork, withServer } from './world.ts';

const published = { host: '192.0.2.1', port: 8888, secure: false };
const loop = { code: 'DESTINATION_IS_PROXY' };

test('equal requests to a port of ours may wait in a crowd, not without end', () => {
  const { enter } = createIdenticalCap((port) => port === 8888);
  const leaving = Array.from({ length: identicalMax }, () => enter(asking(published).exchange));
  expect(() => enter(asking(published).exchange)).toThrow(expect.objectContaining(loop));
  // What differs goes on, and so does what comes when one has been answered.
  enter(asking(published, { path: '/other' }).exchange)();
  enter(asking({ ...published, host: '192.0.2.2' }).exchange)();
  leaving[0]?.();
  enter(asking(published).exchange)();
});

test('requests to other ports are not counted', () => {
  const { enter } = createIdenticalCap((port) => port === 8888);
  const elsewhere = { ...published, port: 80 };
  for (let count = 0; count < 2 * identicalMax; count++) enter(asking(elsewhere).exchange);
  expect(() => enter(asking(elsewhere).exchange)).not.toThrow();
});

test('a request that goes round in a circle comes to an end, and tells so all the way back', async () => {
  let rounds = 0;
  let network: Network | undefined;
  const server = createServer((_, response) => {
    rounds += 1;
    // What a relay leads back here is asked for once more.
    void network?.open(asking(destination).exchange).then(async ({ head, body, failure }) => {
      await bytesOf(body);
      response.writeHead(head?.status ?? 508, { 'X-Why': failure?.code ?? 'told' }).end();
    });
  });
  let destination = published;
  await withServer(server, async (listening) => {
    destination = { ...listening.destination };
    await withNetwork({ listensOn: (port) => port === destination.port }, async (made) => {
      network = made;
      const { head } = await made.open(asking(destination).exchange);
      expect(head?.status).toBe(508);
      expect(rounds).toBe(identicalMax);
    });
  });
});
