import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { tunnel } from './client.ts';
import { portOf } from './origin.ts';
import { listen } from './raw-client.ts';
import type { RawOrigin } from './raw-origin.ts';
import { startSocketOrigin } from './raw-origin.ts';
import { everyByte, makeCertificate } from './real-servers.ts';
import { until } from '../mode/harness.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, twice, withFolder } from './with-appliance.ts';

const raw = () => ({ MAGNETO_RAW: 'record' });

/** Says something, and waits for so many bytes. */
async function says(socket: Socket, text: string | Buffer, bytes: number): Promise<string> {
  const heard = listen(socket);
  socket.write(text);
  const how = await heard.until((got) => got.length >= bytes);
  socket.removeAllListeners('data');
  return how === 'whole' ? heard.got().toString('latin1') : how;
}

/** A mail server that speaks first, and answers each line. */
function startMail(): Promise<RawOrigin> {
  let count = 0;
  return startSocketOrigin((socket) => {
    count += 1;
    socket.write(`220 mail ${count}\r\n`);
    socket.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
        socket.write(`250 ${line}\r\n`);
        if (line === 'QUIT') socket.end();
      }
    });
  });
}

/** One that answers a length with so many bytes. */
function startLengths(): Promise<RawOrigin> {
  return startSocketOrigin((socket) => {
    socket.on('data', (chunk: Buffer) => socket.write(everyByte(chunk.readUInt32BE(1))));
  });
}

const streams = ({ appliance }: Running) => appliance.receipt();

describe('a raw stream is recorded, and replayed with its server gone', () => {
  test('where the server speaks first, without a wait', async () => {
    const mail = await startMail();
    const [live, again] = await twice(
      mail,
      async (running) => {
        const socket = await tunnel(running.via, `localhost:${mail.port}`);
        const heard = listen(socket);
        const asked = performance.now();
        await heard.until((got) => got.length > 0);
        const waitedMs = performance.now() - asked;
        socket.write('EHLO me\r\n');
        await heard.until((got) => got.includes('250 EHLO me\r\n'));
        socket.write('QUIT\r\n');
        const ended = await heard.until(() => false);
        socket.destroy();
        await until(() => running.appliance.receipt().streams > 0, 'its end');
        return { text: heard.got().toString(), ended, waitedMs, receipt: streams(running) };
      },
      raw,
    );
    expect(live.text).toBe('220 mail 1\r\n250 EHLO me\r\n250 QUIT\r\n');
    expect(live.receipt).toMatchObject({ streams: 1, liveCalls: 1 });
    expect({ text: again.text, ended: again.ended }).toEqual({ text: live.text, ended: 'end' });
    expect(again.receipt).toMatchObject({ loaded: 1, liveCalls: 0, missed: 0, unused: 0 });
    expect(again.waitedMs).toBeLessThan(200);
  });

  test('however its bytes are cut, and where the client speaks first', async () => {
    const lengths = await startLengths();
    const request = Buffer.from([0xff, 0, 0x02, 0, 0]);
    const [live, again] = await twice(
      lengths,
      async ({ via }, isLive) => {
        const socket = await tunnel(via, `localhost:${lengths.port}`);
        const heard = listen(socket);
        for (const byte of isLive ? [request] : request.subarray(0, -1)) {
          socket.write(typeof byte === 'number' ? Buffer.from([byte]) : byte);
          await sleep(2);
        }
        if (!isLive) {
          expect(heard.got()).toHaveLength(0);
          socket.write(request.subarray(-1));
        }
        await heard.until((got) => got.length >= 0x2_00_00);
        socket.destroy();
        return heard.got();
      },
      raw,
    );
    expect(live.equals(everyByte(0x2_00_00))).toBe(true);
    expect(again.equals(live)).toBe(true);
  });

  test('a side that has said its last still hears the other', async () => {
    const server = await startSocketOrigin((socket) => {
      const chunks: Buffer[] = [];
      socket.allowHalfOpen = true;
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => socket.end(`heard ${Buffer.concat(chunks).length}`));
    });
    const [live, again] = await twice(
      server,
      async ({ via }) => {
        const socket = await tunnel(via, `localhost:${server.port}`);
        const heard = listen(socket);
        socket.end(Buffer.alloc(300_000, 0xee));
        const ended = await heard.until(() => false);
        return { ended, text: heard.got().toString() };
      },
      raw,
    );
    expect(live).toEqual({ ended: 'end', text: 'heard 300000' });
    expect(again).toEqual(live);
  });

  test('each connection gets its own, in order; then the last again', async () => {
    const mail = await startMail();
    const [, again] = await twice(
      mail,
      async (running, isLive) => {
        const greetings: string[] = [];
        for (let left = isLive ? 2 : 4; left > 0; left -= 1) {
          const socket = await tunnel(running.via, `localhost:${mail.port}`);
          greetings.push(await says(socket, '', 10));
          socket.destroy();
          await once(socket, 'close');
        }
        await until(() => running.appliance.receipt().streams >= greetings.length, 'the ends');
        return { greetings, receipt: streams(running) };
      },
      raw,
    );
    expect(again.greetings.map((text) => text.trim())).toEqual([
      '220 mail 1',
      '220 mail 2',
      '220 mail 2',
      '220 mail 2',
    ]);
    expect(again.receipt).toMatchObject({ streams: 4, repeated: 2, missed: 0, unused: 0 });
  });

  test('inside TLS, with the protocol that its server chose', async () => {
    await withFolder(async (keys) => {
      const { caFile, pemFile } = makeCertificate(keys);
      const pem = readFileSync(pemFile);
      const server = createTlsServer(
        { key: pem, cert: pem, ALPNProtocols: ['x-raw'] },
        (socket) => {
          socket.on('error', () => {}).on('data', (chunk) => socket.write(`got ${String(chunk)}`));
        },
      );
      server.listen(0, 'localhost');
      await once(server, 'listening');
      const port = portOf(server);
      const [live, again] = await twice(
        { stop: async () => void server.close() },
        async ({ via }) => {
          const socket = connectTls({
            socket: await tunnel(via, `localhost:${port}`),
            servername: 'localhost',
            ca: readFileSync(via.caFile),
            ALPNProtocols: ['x-other', 'x-raw'],
          });
          await once(socket, 'secureConnect');
          const said = await says(socket, '\x01hello', 10);
          socket.destroy();
          return { said, protocol: socket.alpnProtocol };
        },
        () => ({ ...raw(), MAGNETO_UPSTREAM_CA: caFile }),
      );
      expect(live).toEqual({ said: 'got \x01hello', protocol: 'x-raw' });
      expect(again).toEqual(live);
    });
  });

  test('a server that breaks off does so again', async () => {
    const server = await startSocketOrigin((socket) => {
      socket.once('data', () => socket.write('half', () => socket.resetAndDestroy()));
    });
    const [live, again] = await twice(
      server,
      async ({ via }) => {
        const socket = await tunnel(via, `localhost:${server.port}`);
        const heard = listen(socket);
        socket.write('\0go');
        return heard.until(() => false);
      },
      raw,
    );
    expect(live).toBe('reset');
    expect(again).toBe('reset');
  });
});

describe('a client that says something else', () => {
  const talk = async (running: Running, port: number, texts: readonly string[]) => {
    const socket = await tunnel(running.via, `localhost:${port}`);
    const heard = listen(socket);
    await heard.until((got) => got.includes('\n'));
    let lines = 1;
    for (const text of texts) {
      lines += 1;
      socket.write(`${text}\r\n`);
      const how = await heard.until((got) => got.toString().split('\n').length > lines);
      if (how !== 'whole') return how;
    }
    socket.destroy();
    return heard.got().toString();
  };

  test('is reset, and the log says where and what', async () => {
    const mail = await startMail();
    const [, again] = await twice(
      mail,
      async (running, isLive) => ({
        said: await talk(running, mail.port, isLive ? ['MAIL a', 'DATA'] : ['MAIL a', 'RSET']),
        log: running.log.map(({ msg }) => String(msg)),
        receipt: streams(running),
      }),
      raw,
    );
    expect(again.said).toBe('reset');
    expect(again.log).toContainEqual(
      expect.stringMatching(
        /STREAM_MISMATCH.*client byte 8: expected "DATA\\r\\n", got "RSET\\r\\n"/,
      ),
    );
    expect(again.receipt).toMatchObject({ missed: 1 });
  });

  test('goes on where misses may', async () => {
    const mail = await startMail();
    const [, again] = await twice(
      mail,
      (running, isLive) =>
        talk(running, mail.port, isLive ? ['MAIL a', 'DATA'] : ['MAIL a', 'RSET']),
      (isLive) => ({ ...raw(), ...(isLive ? {} : { MAGNETO_ON_MISS: 'passthrough' }) }),
    );
    expect(again).toBe('220 mail 1\r\n250 MAIL a\r\n250 DATA\r\n');
  });

  test('from its first byte on is a miss, for which the network may answer', async () => {
    const echo = await startSocketOrigin((socket) => {
      socket.on('data', (chunk: Buffer) => socket.write(chunk));
    });
    try {
      await withFolder(async (folder) => {
        const one = async (mode: string, more: Readonly<Record<string, string>>, text: string) => {
          const running = await startWith({ ...modeIn(folder, mode), ...raw(), ...more });
          const socket = await tunnel(running.via, `localhost:${echo.port}`);
          const said = await says(socket, text, text.length);
          socket.destroy();
          await sleep(50);
          await running.appliance.stop();
          return said;
        };
        expect(await one('record', {}, '\x01one')).toBe('\x01one');
        expect(await one('replay', {}, '\x01two')).toBe('reset');
        expect(await one('hybrid', {}, '\x01two')).toBe('\x01two');
        await echo.stop();
        expect(await one('replay', {}, '\x01one')).toBe('\x01one');
        expect(await one('replay', {}, '\x01two')).toBe('\x01two');
      });
    } finally {
      await echo.stop();
    }
  });
});

describe('what is recorded', () => {
  /** Records one conversation, and gives its cassette. */
  async function record(
    origin: RawOrigin,
    variables: Readonly<Record<string, string>>,
    body: (running: Running) => Promise<void>,
  ): Promise<Readonly<Record<string, unknown>>[]> {
    return withFolder(async (folder) => {
      const running = await startWith({ ...modeIn(folder, 'record'), ...variables });
      try {
        await body(running);
      } finally {
        await running.appliance.stop();
        await origin.stop();
      }
      const file = join(folder, 'cassettes', 'default.json');
      const { interactions } = JSON.parse(await readFile(file, 'utf8')) as {
        interactions: Readonly<Record<string, unknown>>[];
      };
      return interactions;
    });
  }

  test('is nothing unless it is asked for', async () => {
    const mail = await startMail();
    const interactions = await record(mail, {}, async ({ via }) => {
      const socket = await tunnel(via, `localhost:${mail.port}`);
      await says(socket, 'NOOP\r\n', 20);
      socket.destroy();
    });
    expect(interactions).toEqual([]);
  });

  test('is what both sides said and how they ended, also while magneto stops', async () => {
    const mail = await startMail();
    const interactions = await record(mail, raw(), async ({ via }) => {
      const socket = await tunnel(via, `localhost:${mail.port}`);
      await says(socket, 'NOOP\r\n', 20);
    });
    expect(interactions).toMatchObject([
      {
        kind: 'stream',
        request: { url: `tcp://localhost:${mail.port}` },
        messages: [
          { from: 'server', kind: 'data' },
          { from: 'client', kind: 'data' },
          { from: 'server', kind: 'data' },
        ],
        ending: { type: 'cut', by: 'client' },
      },
    ]);
  });

  test('is cut where it passes the cap, and says so', async () => {
    const lengths = await startLengths();
    const log: string[] = [];
    const interactions = await record(
      lengths,
      { ...raw(), MAGNETO_BODY_BYTES_MAX: '100000' },
      async (running) => {
        const socket = await tunnel(running.via, `localhost:${lengths.port}`);
        const all = await says(socket, Buffer.from([0xff, 0, 0x04, 0, 0]), 0x4_00_00);
        expect(all).toHaveLength(0x4_00_00);
        socket.destroy();
        log.push(...running.log.map(({ msg }) => String(msg)));
      },
    );
    expect(interactions).toMatchObject([{ kind: 'stream', truncated: 'size' }]);
    expect(log).toContainEqual(expect.stringContaining('BODY_TOO_LARGE'));
  });
});
