import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Via } from './client.ts';
import { tunnel } from './client.ts';
import { portOf } from './origin.ts';

/** A local port, for clients that cannot ask a proxy: what they say goes through a tunnel of it. */
interface Tunnelled {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Opens a port that leads through the proxy to a host and port, as `ssh -L` would. */
async function openTunnelled(via: Pick<Via, 'proxyPort'>, authority: string): Promise<Tunnelled> {
  const sockets = new Set<Socket>();
  const carry = async (client: Socket): Promise<void> => {
    const far = await tunnel(via, authority).catch(() => undefined);
    if (far === undefined) return void client.destroy();
    sockets.add(far);
    // Lost connections are what some of these tests are about.
    await Promise.allSettled([pipeline(client, far), pipeline(far, client)]);
    if (far.errored !== null) client.resetAndDestroy();
    sockets.delete(far);
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    sockets.add(client);
    client.on('error', () => {}).once('close', () => sockets.delete(client));
    void carry(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Runs a body with such a port. */
export async function withTunnelled<Result>(
  via: Pick<Via, 'proxyPort'>,
  authority: string,
  body: (port: number) => Promise<Result>,
): Promise<Result> {
  const opened = await openTunnelled(via, authority);
  try {
    return await body(opened.port);
  } finally {
    await opened.stop();
  }
}
