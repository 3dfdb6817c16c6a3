import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Child } from './child.ts';
import { startMagneto } from './child.ts';
import { portOf } from './origin.ts';
import { modeIn, withFolder } from './with-appliance.ts';

/** A quick form for every day; `npm run test:full` takes a gigabyte. */
const mebibytes = Number(process.env['MAGNETO_TEST_BODY_MIB'] ?? 96);
const bytesOf = (size: number): number => size * 1024 * 1024;
const growthMax = 64 * 1024 * 1024;
const limitMs = 60_000 + mebibytes * 500;

const block = Buffer.from(Array.from({ length: 65_536 }, (_none, n) => (n * 31 + (n >> 8)) % 256));

/** A body of so many MiB, no two blocks of which are alike, made as it is read. */
function* blocks(size: number): Generator<Buffer> {
  for (let at = 0; at < bytesOf(size) / block.length; at += 1) {
    const one = Buffer.from(block);
    one.writeUInt32BE(at);
    yield one;
  }
}

function digestOfAll(size: number): string {
  const sum = createHash('sha256');
  for (const one of blocks(size)) sum.update(one);
  return sum.digest('hex');
}

async function digestOf(message: IncomingMessage): Promise<string> {
  const sum = createHash('sha256');
  for await (const bytes of message) sum.update(bytes as Buffer);
  return sum.digest('hex');
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'PUT') return void response.end(await digestOf(request));
  const size = Number(/\d+/.exec(request.url ?? '')?.[0]);
  response.writeHead(200, {
    'Content-Length': bytesOf(size),
    'Content-Type': 'application/octet-stream',
  });
  await pipeline(Readable.from(blocks(size)), response);
}

const server = createServer((request, response) => {
  // A client that leaves midway is part of a test.
  answer(request, response).catch(() => response.destroy());
});
let whole = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  whole = digestOfAll(mebibytes);
}, 60_000);
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

interface Transfer {
  readonly method: 'GET' | 'PUT';
  /** MiB. */
  readonly size: number;
}

function ask({ via }: Child, { method, size }: Transfer) {
  return httpRequest({
    host: '127.0.0.1',
    port: via.proxyPort,
    method,
    path: `http://127.0.0.1:${portOf(server)}/${size}`,
    headers: method === 'PUT' ? { 'Content-Length': bytesOf(size) } : {},
    agent: false,
  });
}

/** The digest of what the client got, or of what the server says that it got. */
async function transfer(child: Child, { method, size }: Transfer): Promise<string> {
  const asked = ask(child, { method, size });
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
  if (method === 'PUT') await pipeline(Readable.from(blocks(size)), asked);
  else asked.end();
  const [response] = await answered;
  if (method === 'GET') return digestOf(response);
  let said = '';
  for await (const bytes of response) said += String(bytes);
  return said;
}

/** The largest that a process has been, beyond what it was, while something happens; in bytes. */
async function growth(child: Child, act: () => Promise<void>): Promise<number> {
  const resident = (): number => {
    const status = readFileSync(`/proc/${child.process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  };
  const before = resident();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, resident());
  }, 10);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

async function withMagneto(
  folder: string,
  mode: string,
  body: (child: Child) => Promise<void>,
): Promise<void> {
  const child = await startMagneto({ ...modeIn(folder, mode), MAGNETO_LOG_LEVEL: 'warn' });
  try {
    await body(child);
  } finally {
    const timer = setTimeout(() => child.process.kill('SIGKILL'), 60_000);
    await child.stop();
    clearTimeout(timer);
  }
}

describe(`${mebibytes} MiB`, () => {
  test.each(['GET', 'PUT'] as const)(
    'are relayed in bounded memory: %s',
    (method) =>
      withFolder((folder) =>
        withMagneto(folder, 'passthrough', async (child) => {
          const grown = await growth(child, async () => {
            expect(await transfer(child, { method, size: mebibytes })).toBe(whole);
          });
          expect(grown).toBeLessThan(growthMax);
        }),
      ),
    limitMs,
  );

  test.each(['GET', 'PUT'] as const)(
    'are recorded in bounded memory, and replayed to the byte: %s',
    (method) =>
      withFolder(async (folder) => {
        const size = mebibytes;
        await withMagneto(folder, 'record', async (child) => {
          const grown = await growth(child, async () => {
            expect(await transfer(child, { method, size })).toBe(whole);
          });
          expect(grown).toBeLessThan(growthMax);
        });
        await withMagneto(folder, 'replay', async (child) => {
          const grown = await growth(child, async () => {
            expect(await transfer(child, { method, size })).toBe(whole);
          });
          expect(grown).toBeLessThan(growthMax);
          expect(await served(child)).toMatchObject({ served: 1, missed: 0 });
        });
      }),
    limitMs,
  );

  test(
    'a client that reads nothing is not read for',
    async () =>
      withFolder((folder) =>
        withMagneto(folder, 'record', async (child) => {
          const grown = await growth(child, async () => {
            const asked = ask(child, { method: 'GET', size: mebibytes }).on('error', () => {});
            asked.end();
            const [response] = (await once(asked, 'response')) as [IncomingMessage];
            response.on('error', () => {}).pause();
            await sleep(2000);
            asked.destroy();
          });
          expect(grown).toBeLessThan(growthMax);
        }),
      ),
    limitMs,
  );
});

/** The receipt, once the exchange is in it: its client has the last byte a little before. */
async function served(child: Child): Promise<unknown> {
  for (let tries = 0; ; tries += 1) {
    const { body } = await child.control('/receipt');
    if (body['served'] !== 0 || tries === 200) return body;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
