import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Via } from './client.ts';
import { ask, talk, tunnel } from './client.ts';
import type { Origin } from './origin.ts';
import { portOf, startOrigin } from './origin.ts';
import { modeIn, withAppliance, withFolder } from './with-appliance.ts';

/** A server that stays live: a web server, and a raw one of which the server speaks first. */
let neighbour: Origin;
let raw: { readonly port: number; readonly saw: () => number; readonly stop: () => void };

beforeAll(async () => {
  neighbour = await startOrigin();
  raw = await startRaw();
});

afterAll(async () => {
  raw.stop();
  await neighbour.stop();
});

/** Greets, then echoes what it hears. */
async function startRaw(): Promise<typeof raw> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => {}).write('greeting ');
    socket.on('data', (bytes: Buffer) => socket.write(bytes));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    port: portOf(server),
    saw: () => count,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const live = (): Readonly<Record<string, string>> => ({
  MAGNETO_LIVE: [neighbour.httpPort, neighbour.httpsPort, raw.port]
    .map((port) => `localhost:${port}`)
    .join(','),
});

/** What the fingerprint of the server's certificate is, as a client sees it that trusts the server's authority only. */
async function certificateSeen(via: Via, port: number): Promise<string> {
  const socket = connectTls({
    socket: await tunnel(via, `localhost:${port}`),
    servername: 'localhost',
    ca: readFileSync(neighbour.caFile),
  });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

/** What is said in a tunnel to the raw server, byte for byte. */
async function echo(via: Via): Promise<string> {
  const socket = await tunnel(via, `localhost:${raw.port}`);
  let heard = '';
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
  // What looks like TLS, and like HTTP, is neither looked at nor answered.
  socket.write('\x16\x03\x01 GET http://other.test/ HTTP/1.1\r\n\r\n');
  for (let tries = 0; tries < 200 && !heard.includes('HTTP/1.1\r\n\r\n'); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  socket.destroy();
  return heard;
}

/** Everything that a client does with the live neighbour. */
async function visit(via: Via): Promise<void> {
  const before = neighbour.saw();
  const plain = await ask(via, { url: `http://localhost:${neighbour.httpPort}/plain?token=x` });
  expect(JSON.parse(plain.body.toString())).toMatchObject({ n: before + 1 });
  const secure = await ask(
    { ...via, caFile: neighbour.caFile },
    { url: `https://localhost:${neighbour.httpsPort}/secure` },
  );
  expect(JSON.parse(secure.body.toString())).toMatchObject({ n: before + 2 });
  expect(await talk(via, `ws://localhost:${neighbour.httpPort}/ws`, ['x'])).toBeDefined();
  expect(neighbour.saw()).toBe(before + 3);
  expect(await certificateSeen(via, neighbour.httpsPort)).toBe(fingerprint);
  const seen = raw.saw();
  expect(await echo(via)).toBe('greeting \x16\x03\x01 GET http://other.test/ HTTP/1.1\r\n\r\n');
  expect(raw.saw()).toBe(seen + 1);
}

let fingerprint = '';

beforeAll(async () => {
  const socket = connectTls({
    host: 'localhost',
    servername: 'localhost',
    port: neighbour.httpsPort,
    ca: readFileSync(neighbour.caFile),
  });
  await once(socket, 'secureConnect');
  fingerprint = socket.getPeerCertificate().fingerprint256;
  socket.destroy();
});

describe('a live neighbour', () => {
  test('is live while recording and in the replay, stays as it is, and is in no cassette', async () => {
    await withFolder(async (folder) => {
      const origin = await startOrigin();
      const url = `http://localhost:${origin.httpPort}/recorded`;
      const recorded = await withAppliance(
        { ...modeIn(folder, 'record'), ...live() },
        async ({ via }) => {
          await ask(via, { url });
          await visit(via);
        },
      );
      await origin.stop();
      expect(recorded.receipt).toMatchObject({ recorded: 1, liveCalls: 1, failed: 0 });
      const cassette = await readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
      expect((JSON.parse(cassette) as { interactions: unknown[] }).interactions).toHaveLength(1);
      expect(cassette).not.toContain(String(neighbour.httpPort));

      const replayed = await withAppliance(
        { ...modeIn(folder, 'replay'), ...live() },
        async ({ via }) => {
          expect((await ask(via, { url })).status).toBe(200);
          await visit(via);
          // What is not listed is missed, and reached by nobody, on another port of the same host neither.
          const missed = await ask(via, { url: `http://localhost:${origin.httpPort}/other` });
          expect(missed.status).toBe(502);
        },
      );
      expect(replayed.receipt).toMatchObject({
        served: 1,
        missed: 1,
        liveCalls: 0,
        isolated: false,
        bypassed: null,
      });
      expect(replayed.exitStatus).toBe(3);
      const used = (port: number, count: number) => ({ destination: `localhost:${port}`, count });
      const expected = [
        used(neighbour.httpPort, 2),
        used(neighbour.httpsPort, 2),
        used(raw.port, 1),
      ];
      const byName = (one: { destination: string }, other: { destination: string }): number =>
        one.destination < other.destination ? -1 : 1;
      expect(replayed.receipt.live).toEqual(expected.toSorted(byName));
      expect(replayed.receipt.live).toEqual(recorded.receipt.live);
    });
  });

  test('is live in every other mode, too', async () => {
    await withFolder(async (folder) => {
      for (const mode of ['passthrough', 'hybrid', 'auto']) {
        const { receipt } = await withAppliance(
          { ...modeIn(folder, mode), ...live() },
          async ({ via }) => visit(via),
        );
        expect([mode, receipt.live.length, receipt.liveCalls, receipt.recorded]).toEqual([
          mode,
          3,
          0,
          0,
        ]);
      }
      // An `auto` that recorded nothing leaves none behind.
      expect(existsSync(join(folder, 'cassettes', 'auto.json'))).toBe(false);
    });
  });

  test('that is not there is told as any server would be', async () => {
    await withFolder(async (folder) => {
      const gone = await startOrigin();
      await gone.stop();
      const variables = { ...modeIn(folder, 'record'), MAGNETO_LIVE: `localhost:${gone.httpPort}` };
      const { receipt } = await withAppliance(variables, async ({ via }) => {
        const told = await ask(via, { url: `http://localhost:${gone.httpPort}/` });
        expect(told.status).toBe(502);
        await expect(tunnel(via, `localhost:${gone.httpPort}`)).rejects.toThrow('UPSTREAM_REFUSED');
      });
      expect(receipt).toMatchObject({ liveCalls: 0, recorded: 0 });
      expect(receipt.live).toEqual([{ destination: `localhost:${gone.httpPort}`, count: 2 }]);
    });
  });
});

test('the inventory lists what explicit clients talked to, and how it was named', async () => {
  await withFolder(async (folder) => {
    const variables = { ...modeIn(folder, 'record'), MAGNETO_UPSTREAM_CA: neighbour.caFile };
    const { receipt } = await withAppliance(variables, async ({ via }) => {
      const http = `localhost:${neighbour.httpPort}`;
      await ask(via, { url: `http://${http}/secret-path?secret-query=1` });
      await ask(via, { url: `http://${http}/` });
      await ask(via, { url: `https://localhost:${neighbour.httpsPort}/` });
      await talk(via, `ws://${http}/`, ['x']);
      await talk({ ...via }, `wss://localhost:${neighbour.httpsPort}/`, ['x']);
      await echo(via);
    });
    const entry = (protocol: string, port: number, more: object = {}) => ({
      name: 'localhost',
      port,
      protocol,
      addresses: [],
      learnt: ['connect'],
      count: 1,
      ...more,
    });
    const { entries, ...rest } = receipt.inventory;
    expect(rest).toEqual({ entriesMax: 500, omitted: 0 });
    expect(entries).toHaveLength(5);
    expect(entries).toEqual(
      expect.arrayContaining([
        entry('http', neighbour.httpPort, { learnt: ['url'], count: 2 }),
        entry('ws', neighbour.httpPort),
        entry('https', neighbour.httpsPort),
        entry('wss', neighbour.httpsPort),
        entry('tcp', raw.port),
      ]),
    );
    expect(JSON.stringify(receipt)).not.toContain('secret');
  });
});
