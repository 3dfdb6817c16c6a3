import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { listenOn } from '../../src/control/listen.ts';

test('a server listens on a free port, and says which', async () => {
  const server = createServer();
  const bound = await listenOn(server, '127.0.0.1', 0);
  expect(bound).toEqual({ address: '127.0.0.1', port: expect.any(Number) });
  expect(bound.port).toBeGreaterThan(0);
  server.close();
  await once(server, 'close');
});

test('a taken port is told from an address that is not there', async () => {
  const first = createServer();
  const { port } = await listenOn(first, '127.0.0.1', 0);
  await expect(listenOn(createServer(), '127.0.0.1', port)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    cause: { code: 'EADDRINUSE' },
  });
  await expect(listenOn(createServer(), '2001:db8::1', port)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('[2001:db8::1]'),
  });
  first.close();
});
