import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { health } from '../../src/cli/health.ts';
import { keeper } from './edge.ts';

describe('health', () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function serveOn(host: string, listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, host);
    servers.push(server);
    await once(server, 'listening');
    return String((server.address() as AddressInfo).port);
  }

  async function check(
    env: NodeJS.ProcessEnv,
    limitMs?: number,
  ): Promise<readonly [number, string]> {
    const stdout = keeper();
    const status = await health({ env, stdout, ...(limitMs === undefined ? {} : { limitMs }) });
    return [status, stdout.text()];
  }

  const body = { mode: 'replay', cassette: 'default', interactions: 7 };

  test('is 0 when the appliance is ready', async () => {
    const port = await serveOn('127.0.0.1', (request, response) => {
      response.statusCode = request.url === '/health' ? 200 : 500;
      response.end(JSON.stringify({ status: 'ready', ...body }));
    });
    expect(await check({ MAGNETO_CONTROL_PORT: port })).toEqual([
      0,
      'ready: replay, cassette default, 7 interactions\n',
    ]);
  });

  test('asks loopback where the control plane listens on all addresses', async () => {
    const port = await serveOn('127.0.0.1', (_request, response) => {
      response.end(JSON.stringify({ status: 'ready', ...body }));
    });
    const env = { MAGNETO_CONTROL_HOST: '::,0.0.0.0', MAGNETO_CONTROL_PORT: port };
    expect(await check(env)).toEqual([0, expect.stringContaining('ready: ')]);
  });

  test('is 1 when it is not ready, with the reason', async () => {
    const port = await serveOn('127.0.0.1', (_request, response) => {
      response.statusCode = 503;
      response.end(JSON.stringify({ status: 'unready', reason: 'the disk is full', ...body }));
    });
    expect(await check({ MAGNETO_CONTROL_PORT: port })).toEqual([1, 'unready: the disk is full\n']);
  });

  test('is 1 when something else answers', async () => {
    const port = await serveOn('127.0.0.1', (_request, response) => response.end('<html>'));
    const [status, line] = await check({ MAGNETO_CONTROL_PORT: port });
    expect(status).toBe(1);
    expect(line).toMatch(/^unready: [^\n]+\n$/);
    const other = await serveOn('127.0.0.1', (_request, response) => response.end('{}'));
    expect(await check({ MAGNETO_CONTROL_PORT: other })).toEqual([1, 'unready: no reason given\n']);
  });

  test('is 1 when nobody answers in time', async () => {
    const port = await serveOn('127.0.0.1', () => {});
    expect(await check({ MAGNETO_CONTROL_PORT: port }, 100)).toEqual([
      1,
      'unready: no answer within 100 ms\n',
    ]);
  });

  test('is 1 when nothing listens', async () => {
    const port = await serveOn('127.0.0.1', () => {});
    servers[0]?.close();
    expect(await check({ MAGNETO_CONTROL_HOST: '127.0.0.1', MAGNETO_CONTROL_PORT: port })).toEqual([
      1,
      'unready: nothing listens on the control port\n',
    ]);
  });

  test('is 1 when nobody can know where to ask, or the settings are wrong', async () => {
    expect(await check({ MAGNETO_CONTROL_PORT: '0' })).toEqual([
      1,
      expect.stringContaining('MAGNETO_CONTROL_PORT is 0'),
    ]);
    expect(await check({ MAGNETO_MODE: 'x' })).toEqual([
      1,
      expect.stringMatching(/OPTION_INVALID.*\n$/),
    ]);
  });
});
