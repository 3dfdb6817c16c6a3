import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createSelfTest } from '../../src/capture/self-test.ts';
import { dialRound, isReachable, isTaken } from '../../src/cli/verify-dial.ts';
import { portOf } from '../end-to-end/origin.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return portOf(server);
}

async function verdictOf(port: number, run?: string): Promise<string> {
  const probe = { family: 'v4', address: '127.0.0.1', port } as const;
  const [result] = await dialRound({ probes: [probe], run, limitMs: 400 });
  return `${result?.verdict}: ${result?.words}`;
}

/** A magneto to which the kernel names a destination. */
function magneto(
  destination: (port: number) => { address?: string; port: number },
): RequestListener {
  const selfTest = createSelfTest('mine');
  return (request, response) => {
    const port = request.socket.localPort ?? 0;
    response.end(JSON.stringify(selfTest.answer(request.url ?? '', destination(port))));
  };
}

describe('a test connection', () => {
  test('that comes to this magneto with its destination is right', async () => {
    const port = await listening(
      createServer(magneto((own) => ({ address: '127.0.0.1', port: own }))),
    );
    expect(await verdictOf(port, 'mine')).toMatch(/^right/);
    expect(await verdictOf(port)).toMatch(/^right/);
    expect(await verdictOf(port, 'another')).toMatch(/^otherProxy: .*run mine/);
  });

  test('to one that knows no destination, or another one, is wrong', async () => {
    const blind = await listening(createServer(magneto((port) => ({ port }))));
    expect(await verdictOf(blind)).toMatch(/^noDestination/);
    const astray = await listening(
      createServer(magneto(() => ({ address: '127.0.0.1', port: 1 }))),
    );
    expect(await verdictOf(astray)).toBe(
      'wrongDestination: arrived, but as a connection to 127.0.0.1 port 1',
    );
  });

  test.each([
    ['a page', (_request, response) => void response.end('hello')],
    ['an answer without end', (_request, response) => void response.end('x'.repeat(1_000_000))],
    ['an error', (_request, response) => void response.writeHead(500).end()],
  ] satisfies readonly (readonly [string, RequestListener])[])(
    'that %s answers is a stranger’s',
    async (_what, answer) => {
      expect(await verdictOf(await listening(createServer(answer)))).toMatch(/^(stranger|reset)/);
    },
  );

  test('that a magneto refuses says with which failure', async () => {
    const port = await listening(
      createServer((_request, response) => {
        response.writeHead(403, { 'x-magneto-failure': 'CLIENT_NOT_ALLOWED' }).end();
      }),
    );
    expect(await verdictOf(port)).toBe(
      'turnedAway: answered with HTTP status 403 (CLIENT_NOT_ALLOWED)',
    );
  });

  test('is refused, reset, met with silence or with no HTTP', async () => {
    const gone = await listening(createTcpServer());
    servers.pop()?.close();
    expect(await verdictOf(gone)).toMatch(/^refused: was refused \(ECONNREFUSED\)/);
    const resets = createTcpServer((socket) => void socket.resetAndDestroy());
    expect(await verdictOf(await listening(resets))).toMatch(/^reset/);
    const silent = createTcpServer((socket) => void socket.on('error', () => {}).unref());
    expect(await verdictOf(await listening(silent))).toBe('timedOut: no answer within 400 ms');
    const speaks = createTcpServer((socket) => void socket.on('error', () => {}).end('220 hi\r\n'));
    expect(await verdictOf(await listening(speaks))).toMatch(/^stranger: .*no HTTP/);
  });
});

test('many are made, in parts, and in order', async () => {
  const port = await listening(
    createServer(magneto((own) => ({ address: '127.0.0.1', port: own }))),
  );
  const probe = { family: 'v4', address: '127.0.0.1', port } as const;
  const probes = Array.from({ length: 70 }, () => probe);
  const results = await dialRound({ probes, run: 'mine', limitMs: 5000 });
  expect(results.filter(({ verdict }) => verdict === 'right')).toHaveLength(70);
});

test('what listens, and what has a route, is known without sending anything', async () => {
  const port = await listening(createTcpServer());
  expect(await isTaken(port)).toBe(true);
  servers.pop()?.close();
  expect(await isTaken(port)).toBe(false);
  expect(await isReachable('127.0.0.1')).toBe(true);
  // Multicast to a device that nobody names has no route.
  expect(await isReachable('ff02::1%nowhere')).toBe(false);
});
