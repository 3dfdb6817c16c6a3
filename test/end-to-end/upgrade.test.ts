import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { tunnel } from './client.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, withFolder } from './with-appliance.ts';

/** A server that switches to a protocol of lines, as an engine for containers does, and echoes them. */
async function startSwitching() {
  const server = createServer((_request, response) => response.end('plain'));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const chunks: Buffer[] = [];
    request.on('data', (bytes: Buffer) => chunks.push(bytes));
    request.on('end', () => {
      const { upgrade } = request.headers;
      socket.write(
        `HTTP/1.1 101 Switching\r\nUpgrade: ${upgrade ?? ''}\r\nConnection: Upgrade\r\nX-Kept: yes\r\n\r\n`,
      );
      socket.write(`hello ${request.method ?? ''} ${Buffer.concat(chunks).toString()}\n`);
    });
    socket.on('data', (bytes: Buffer) => {
      if (bytes.toString().includes('bye')) socket.end('so long\n');
      else socket.write(bytes.toString().toUpperCase());
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, stop: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

interface Client {
  readonly socket: Socket;
  readonly until: (text: string) => Promise<void>;
  readonly heard: () => string;
}

async function open({ via }: Running, port: number, upgrade: string): Promise<Client> {
  const socket = await tunnel(via, `127.0.0.1:${port}`);
  let heard = '';
  let wake = (): void => {};
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString();
    wake();
  });
  socket.write(
    `POST /attach HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\nContent-Length: 4\r\n\r\nwhat`,
  );
  return {
    socket,
    heard: () => heard,
    until: async (text) => {
      while (!heard.includes(text)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

async function talk(running: Running, port: number, cut: boolean): Promise<string> {
  const client = await open(running, port, 'tcp');
  await client.until('hello POST what\n');
  // In a replay the same bytes come in other pieces.
  client.socket.write(cut ? 'on' : 'one\n');
  if (cut) client.socket.write('e\n');
  await client.until('ONE\n');
  client.socket.write('bye\n');
  await once(client.socket, 'end');
  client.socket.destroy();
  return client.heard();
}

test('an upgrade is raw after its 101, both ways, and is replayed as it was', async () => {
  const server = await startSwitching();
  await withFolder(async (folder) => {
    const recording = await startWith(modeIn(folder, 'record'));
    const live = await talk(recording, server.port, false);
    await recording.appliance.stop();
    expect(live).toContain('X-Kept: yes');
    await server.stop();
    const text = await readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
    expect((JSON.parse(text) as { readonly interactions: unknown }).interactions).toMatchObject([
      {
        kind: 'http',
        response: { status: 101 },
        messages: [
          { from: 'server', kind: 'data' },
          { from: 'client', kind: 'data' },
          { from: 'server', kind: 'data' },
          { from: 'client', kind: 'data' },
          { from: 'server', kind: 'data' },
        ],
        ending: { type: 'finished' },
      },
    ]);
    const replaying = await startWith(modeIn(folder, 'replay'));
    expect(await talk(replaying, server.port, true)).toBe(live);
    const other = await open(replaying, server.port, 'tcp');
    other.socket.on('error', () => {});
    await other.until('hello');
    other.socket.write('something else\n');
    // It is reset, which `once` would throw.
    await new Promise((resolve) => other.socket.once('close', resolve));
    expect(other.heard()).not.toContain('ONE');
    await replaying.appliance.stop();
    expect(replaying.appliance.receipt()).toMatchObject({ served: 1, missed: 1 });
  });
});

test('an upgrade that nobody grants is answered like any request, and h2c is not passed on', async () => {
  const server = await startSwitching();
  await withFolder(async (folder) => {
    const running = await startWith(modeIn(folder, 'record'));
    const client = await open(running, server.port, 'h2c');
    await client.until('plain');
    expect(client.heard()).toMatch(/^HTTP\/1.1 200 /);
    client.socket.destroy();
    await running.appliance.stop();
  });
  await server.stop();
});
