import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Via } from './client.ts';
import { secureTunnel, tunnel } from './client.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import { listen } from './raw-client.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, twice, withAppliance, withFolder } from './with-appliance.ts';

/** A client of a WebSocket, and everything it has heard, one line each. */
interface Talker {
  readonly socket: WebSocket;
  readonly heard: readonly string[];
  /** Waits until so many lines have been heard. */
  readonly until: (count: number) => Promise<void>;
  /** Waits for the end: code and reason. */
  readonly closed: Promise<string>;
}

interface Options {
  readonly protocols?: string[];
  readonly deflate?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

async function open(via: Via, address: string, options: Options = {}): Promise<Talker> {
  const url = new URL(address);
  const inner =
    url.protocol === 'wss:'
      ? await secureTunnel(via, url)
      : await tunnel(via, `${url.hostname}:${url.port || '80'}`);
  const socket = new WebSocket(address, options.protocols ?? [], {
    createConnection: () => inner,
    perMessageDeflate: options.deflate === true ? { threshold: 0 } : false,
    headers: { ...options.headers },
  });
  const heard: string[] = [];
  let wake = (): void => {};
  const hear = (line: string): void => {
    heard.push(line);
    wake();
  };
  socket.on('message', (bytes: Buffer, binary) => {
    hear(binary ? `binary ${bytes.toString('hex')}` : `text ${bytes.toString()}`);
  });
  socket.on('ping', (bytes) => hear(`ping ${bytes.toString()}`));
  socket.on('pong', (bytes) => hear(`pong ${bytes.toString()}`));
  const closed = once(socket, 'close').then(([code, reason]) => `${code} ${String(reason)}`);
  await Promise.race([once(socket, 'open'), closed.then((how) => Promise.reject(new Error(how)))]);
  return {
    socket,
    heard,
    closed,
    until: async (count) => {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** Runs a body while recording and in replay; both must come out alike. */
async function alike<Result>(
  origin: Origin,
  body: (running: Running, live: boolean) => Promise<Result>,
): Promise<Result> {
  const [live, again] = await twice(origin, body, (isLive) =>
    isLive ? { MAGNETO_UPSTREAM_CA: origin.caFile } : {},
  );
  expect(again).toEqual(live);
  return live;
}

describe.each(['ws', 'wss'])('over %s', (scheme) => {
  const address = (origin: Origin): string =>
    `${scheme}://localhost:${scheme === 'ws' ? origin.httpPort : origin.httpsPort}/talk?room=1`;

  test('text, binary, ping and pong of both sides, code and reason of the close', async () => {
    const origin = await startOrigin({
      talk: (socket) => {
        socket.ping('are you there?');
        socket.send('Grüße 🎷');
        socket.on('message', (bytes: Buffer, binary) => {
          if (bytes.toString() === 'bye') socket.close(4001, 'as agreed: ü');
          else socket.send(bytes, { binary });
        });
      },
    });
    const result = await alike(origin, async ({ via }) => {
      const talker = await open(via, address(origin));
      await talker.until(2);
      talker.socket.send(Buffer.from([0, 255, 128]));
      await talker.until(3);
      talker.socket.send('');
      await talker.until(4);
      talker.socket.send(Buffer.alloc(0));
      await talker.until(5);
      talker.socket.ping('here');
      await talker.until(6);
      talker.socket.send('x'.repeat(200_000));
      await talker.until(7);
      talker.socket.send('bye');
      return { closed: await talker.closed, heard: talker.heard };
    });
    expect(result.closed).toBe('4001 as agreed: ü');
    expect(result.heard.slice(0, 6)).toEqual([
      'ping are you there?',
      'text Grüße 🎷',
      'binary 00ff80',
      'text ',
      'binary ',
      'pong here',
    ]);
    expect(result.heard[6]).toHaveLength(200_005);
  });

  test('the subprotocol that the server chose', async () => {
    const origin = await startOrigin({ talk: (socket) => socket.send(socket.protocol) });
    const result = await alike(origin, async ({ via }) => {
      const talker = await open(via, address(origin), { protocols: ['chat.v2', 'chat.v1'] });
      await talker.until(1);
      talker.socket.close(1000);
      return { heard: talker.heard, protocol: talker.socket.protocol, closed: await talker.closed };
    });
    expect(result).toEqual({ heard: ['text chat.v2'], protocol: 'chat.v2', closed: '1000 ' });
  });
});

describe('the end', () => {
  const ends: Readonly<Record<string, (socket: WebSocket) => void>> = {
    'the server closes without a code': (socket) => socket.close(),
    'the server closes with 1011': (socket) => socket.close(1011, 'r'.repeat(123)),
    'the server goes without a close': (socket) => socket.terminate(),
  };

  test.each(Object.entries(ends))('%s', async (_name, ending) => {
    const origin = await startOrigin({
      talk: (socket) => {
        socket.send('once');
        socket.on('message', () => ending(socket));
      },
    });
    await alike(origin, async ({ via }) => {
      const talker = await open(via, `ws://localhost:${origin.httpPort}/`);
      talker.socket.on('error', () => {});
      await talker.until(1);
      talker.socket.send('now');
      return [talker.heard, await talker.closed];
    });
  });

  test('the client closes with its own code: the take has it', async () => {
    const origin = await startOrigin();
    await withFolder(async (folder) => {
      await withAppliance(modeIn(folder, 'record'), async ({ via }) => {
        const talker = await open(via, `ws://localhost:${origin.httpPort}/`);
        await talker.until(1);
        talker.socket.close(4321, 'enough');
        expect(await talker.closed).toBe('4321 enough');
      });
      const [interaction] = await interactionsIn(folder);
      expect(interaction).toMatchObject({
        kind: 'websocket',
        ending: { type: 'closed', by: 'client', code: 4321, reason: 'enough' },
      });
    });
    await origin.stop();
  });

  test('a handshake that the server refuses is replayed as that', async () => {
    const origin = await startOrigin();
    const server = createServer((_request, response) => response.writeHead(403).end('no'));
    server.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 403 Members Only\r\nContent-Length: 2\r\n\r\nno');
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const stop = async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await origin.stop();
    };
    const got = await alike({ ...origin, stop }, async ({ via }) => {
      const inner = await tunnel(via, `localhost:${port}`);
      const heard = listen(inner);
      inner.write(handshake(`localhost:${port}`));
      await heard.until((bytes) => bytes.toString().endsWith('no'));
      inner.destroy();
      return heard.got().toString().split('\r\n')[0];
    });
    expect(got).toBe('HTTP/1.1 403 Members Only');
  });
});

function handshake(host: string): string {
  return (
    `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  );
}

interface OnDisk {
  readonly kind: string;
  readonly messages?: readonly Readonly<Record<string, unknown>>[];
}

async function interactionsIn(folder: string): Promise<readonly OnDisk[]> {
  const text = await readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
  return (JSON.parse(text) as { readonly interactions: readonly OnDisk[] }).interactions;
}

test('messages stand decompressed in the cassette, and are compressed again in replay', async () => {
  const origin = await startOrigin();
  await withFolder(async (folder) => {
    await withAppliance(modeIn(folder, 'record'), async ({ via }) => {
      const talker = await open(via, `ws://localhost:${origin.httpPort}/`, { deflate: true });
      await talker.until(1);
      talker.socket.send('z'.repeat(10_000));
      await talker.until(2);
      talker.socket.close(1000);
      await talker.closed;
    });
    const [interaction] = await interactionsIn(folder);
    expect(interaction?.messages).toMatchObject([
      { from: 'server', kind: 'text', text: 'hello 1' },
      { from: 'client', kind: 'text', text: 'z'.repeat(10_000) },
      { from: 'server', kind: 'text', text: `1: ${'z'.repeat(10_000)}` },
    ]);
  });
  await origin.stop();
});

test('sessions on one address are replayed in their order, then the last again', async () => {
  const origin = await startOrigin();
  await twice(origin, async ({ via, appliance }, live) => {
    for (const n of live ? [1, 2, 3] : [1, 2, 3, 3]) {
      const talker = await open(via, `ws://localhost:${origin.httpPort}/same`);
      await talker.until(1);
      talker.socket.send('m');
      await talker.until(2);
      talker.socket.close(1000);
      await talker.closed;
      expect(talker.heard).toEqual([`text hello ${n}`, `text ${n}: m`]);
    }
    if (!live) expect(appliance.receipt()).toMatchObject({ served: 4, repeated: 1, missed: 0 });
  });
});

test('what a client says before the server has answered is not lost', async () => {
  const origin = await startOrigin();
  await alike(origin, async ({ via }) => {
    const host = `localhost:${origin.httpPort}`;
    const inner = await tunnel(via, host);
    const heard = listen(inner);
    // The handshake and a masked text frame "hi" (mask 0) in one packet.
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    inner.write(Buffer.concat([Buffer.from(handshake(host)), frame]));
    await heard.until((got) => got.includes('1: hi'));
    inner.destroy();
    return heard.got().includes('hello 1');
  });
});

describe('a frame with a bad opcode', () => {
  /** A masked text frame "hi", and a frame of the reserved kind 3 (RFC 6455, 5.2); the mask is 0. */
  const frames = {
    good: Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]),
    bad: Buffer.from([0x83, 0x80, 0, 0, 0, 0]),
  };
  /** A close with the code 1002: the server's, or our own in its place. */
  const closeFrame = Buffer.from([0x88, 2, 0x03, 0xea]);

  test.each([
    ['reaches the server while it is recorded, and is settled alike in the replay', ['bad', 'bad']],
    ['is refused by the replay', ['good', 'bad']],
  ] as const)('%s: closed with 1002, and the proxy goes on', async (_what, [first, second]) => {
    const origin = await startOrigin({
      talk: (socket) => {
        socket.send('hello');
        socket.on('error', () => {}).on('message', () => socket.send('heard'));
      },
    });
    const [live, again] = await twice(origin, async ({ via, log }, isLive) => {
      const host = `localhost:${origin.httpPort}`;
      const inner = await tunnel(via, host);
      const heard = listen(inner);
      inner.write(handshake(host));
      await heard.until((got) => got.includes('hello'));
      const frame = isLive ? first : second;
      inner.write(frames[frame]);
      await heard.until((got) => got.includes('heard') || got.includes(closeFrame));
      inner.destroy();
      expect(log.filter(({ msg }) => String(msg).includes('a bug'))).toEqual([]);
      return heard.got().includes(closeFrame);
    });
    if (first === 'bad') expect(live).toBe(true);
    expect(again).toBe(true);
  });
});

describe('a client that says something else than the recorded one', () => {
  const long = 'ä'.repeat(300);
  async function recordedSession(folder: string, origin: Origin): Promise<void> {
    await withAppliance(modeIn(folder, 'record'), async ({ via }) => {
      const talker = await open(via, `ws://localhost:${origin.httpPort}/`);
      await talker.until(1);
      talker.socket.send(`expected ${long}`);
      await talker.until(2);
      talker.socket.close(1000);
      await talker.closed;
    });
    await origin.stop();
  }

  test('strict: closed with 1008, cut to 123 bytes; the whole is in the log, the run fails', async () => {
    const origin = await startOrigin();
    await withFolder(async (folder) => {
      await recordedSession(folder, origin);
      const running = await startWith(modeIn(folder, 'replay'));
      const talker = await open(running.via, `ws://localhost:${origin.httpPort}/`);
      await talker.until(1);
      talker.socket.send(`another ${long}`);
      const closed = await talker.closed;
      expect(closed).toMatch(/^1008 client message 0: expected "expected ä+/);
      expect(Buffer.byteLength(closed.slice(5))).toBeLessThanOrEqual(123);
      expect(closed).not.toContain('\ufffd');
      const { receipt, exitStatus } = await running.appliance.stop();
      expect(receipt).toMatchObject({ missed: 1 });
      expect(exitStatus).toBe(3);
      const line = running.log.find(({ code }) => code === 'SEQUENCE_MISMATCH');
      expect(line?.['msg']).toContain('expected ä');
      expect(line?.['msg']).toMatch(/got "another ä/);
    });
  });

  test('permissive: goes on, and says so in the log', async () => {
    const origin = await startOrigin();
    await withFolder(async (folder) => {
      await recordedSession(folder, origin);
      const variables = { ...modeIn(folder, 'replay'), MAGNETO_ON_MISS: 'passthrough' };
      const running = await startWith(variables);
      const talker = await open(running.via, `ws://localhost:${origin.httpPort}/`);
      await talker.until(1);
      talker.socket.send('another');
      await talker.until(2);
      expect(talker.heard[1]).toBe(`text 1: expected ${long}`);
      talker.socket.close(1000);
      await talker.closed;
      expect(running.log.some(({ code }) => code === 'SEQUENCE_MISMATCH')).toBe(true);
      expect((await running.appliance.stop()).exitStatus).toBe(0);
    });
  });

  test('pings and pongs do not count', async () => {
    const origin = await startOrigin();
    await withFolder(async (folder) => {
      await recordedSession(folder, origin);
      await withAppliance(modeIn(folder, 'replay'), async ({ via, appliance }) => {
        const talker = await open(via, `ws://localhost:${origin.httpPort}/`);
        talker.socket.ping('extra');
        talker.socket.pong('unasked');
        await talker.until(2);
        talker.socket.send(`expected ${long}`);
        await talker.until(3);
        expect(talker.heard.toSorted()).toEqual(
          ['pong extra', 'text hello 1', `text 1: expected ${long}`].toSorted(),
        );
        talker.socket.close(1000);
        await talker.closed;
        expect(appliance.receipt()).toMatchObject({ missed: 0 });
      });
    });
  });
});

describe('time: a block each 6 seconds', () => {
  const blocks = [1, 2, 3, 4, 5];

  /** A cassette as a person might write it. */
  async function cassette(folder: string, gapMs: number): Promise<void> {
    const header = (name: string, value: string): readonly string[] => [name, value];
    const interaction = {
      id: 'i-1',
      kind: 'websocket',
      startedAt: '2026-01-01T00:00:00.000Z',
      request: {
        method: 'GET',
        url: 'ws://chain.example/blocks',
        httpVersion: '1.1',
        headers: [header('Host', 'chain.example'), header('Upgrade', 'websocket')],
      },
      response: {
        status: 101,
        statusText: 'Switching Protocols',
        httpVersion: '1.1',
        headers: [
          header('Upgrade', 'websocket'),
          header('Connection', 'Upgrade'),
          header('Sec-WebSocket-Accept', 'x'),
        ],
      },
      messages: blocks.map((n) => ({
        from: 'server',
        atMs: n * gapMs,
        kind: 'text',
        text: `block ${n}`,
      })),
      timing: { headMs: 0, endMs: (blocks.length + 1) * gapMs },
      ending: { type: 'closed', by: 'server', code: 1000, reason: 'end of chain' },
    };
    const root = {
      version: '2.0',
      name: 'default',
      recordedAt: '2026-01-01T00:00:00.000Z',
      interactions: [interaction],
    };
    await mkdir(join(folder, 'cassettes'), { recursive: true });
    await writeFile(join(folder, 'cassettes', 'default.json'), JSON.stringify(root));
  }

  async function watched(latency: string, gapMs = 6000): Promise<number> {
    let tookMs = 0;
    await withFolder(async (folder) => {
      await cassette(folder, gapMs);
      const variables = { ...modeIn(folder, 'replay'), MAGNETO_LATENCY: latency };
      await withAppliance(variables, async ({ via }) => {
        const startedAt = performance.now();
        const talker = await open(via, 'ws://chain.example:80/blocks');
        expect(await talker.closed).toBe('1000 end of chain');
        tookMs = performance.now() - startedAt;
        expect(talker.heard).toEqual(blocks.map((n) => `text block ${n}`));
      });
    });
    return tookMs;
  }

  test('none: at once', async () => {
    expect(await watched('none')).toBeLessThan(1000);
  });

  test('fixed:50 waits 50 ms before the head and before each', async () => {
    const tookMs = await watched('fixed:50');
    expect(tookMs).toBeGreaterThan(5 * 50 - 5);
    expect(tookMs).toBeLessThan(2000);
  });

  test('scaled:1 waits the hundredth of each gap, not of the sum of the offsets', async () => {
    const tookMs = await watched('scaled:1');
    expect(tookMs).toBeGreaterThan(5 * 60 - 5);
    // The offsets together would be 15 × 60 ms.
    expect(tookMs).toBeLessThan(880);
  });

  test('recorded waits as long as it took', async () => {
    const tookMs = await watched('recorded', 150);
    expect(tookMs).toBeGreaterThan(5 * 150 - 5);
    // Sums of the offsets in the place of gaps would be fifteen of them.
    expect(tookMs).toBeLessThan(15 * 150);
  });

  test('a client that leaves ends the wait', async () => {
    await withFolder(async (folder) => {
      await cassette(folder, 6000);
      const variables = { ...modeIn(folder, 'replay'), MAGNETO_LATENCY: 'recorded' };
      const startedAt = performance.now();
      await withAppliance(variables, async ({ via }) => {
        const talker = await open(via, 'ws://chain.example:80/blocks');
        talker.socket.terminate();
        await sleep(50);
      });
      expect(performance.now() - startedAt).toBeLessThan(3000);
    });
  });
});
