import type { Socket } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { plain } from './client.ts';
import { askRaw, listen } from './raw-client.ts';
import type { RawOrigin } from './raw-origin.ts';
import { startRawOrigin } from './raw-origin.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, twice, withFolder } from './with-appliance.ts';

const events =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const lines =
  'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n';
const plainChunks = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const last = '0\r\n\r\n';

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

function get(port: number, path = '/', more: readonly string[] = []): string {
  return [`GET http://localhost:${port}${path} HTTP/1.1`, 'Host: x', ...more, '', ''].join('\r\n');
}

/** The chunks of a chunked body as the wire has them. */
function chunksOf(bytes: Buffer): readonly string[] {
  const found: string[] = [];
  let rest = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4).toString('latin1');
  for (;;) {
    const [size = '', ...after] = rest.split('\r\n');
    const length = Number.parseInt(size, 16);
    if (!(length > 0)) return found;
    const body = after.join('\r\n');
    found.push(body.slice(0, length));
    rest = body.slice(length + 2);
  }
}

/** Reads as a client with an idle time-out does: what came, in its chunks, and the longest silence. */
async function readIdly(running: Running, request: string, idleMs: number) {
  const socket = await plain(running.via);
  const heard = listen(socket);
  let longestMs = 0;
  let lastMs = performance.now();
  socket.on('data', () => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  });
  const gaveUp = new Promise<'gave up'>((resolve) => {
    socket.setTimeout(idleMs, () => resolve('gave up'));
  });
  socket.write(request);
  const ended = await Promise.race([heard.until((got) => got.toString().endsWith(last)), gaveUp]);
  socket.destroy();
  return { ended, chunks: chunksOf(heard.got()), longestMs };
}

/** Says events one by one, each so many milliseconds after the one before. */
async function say(socket: Socket, chunks: readonly string[], everyMs: number) {
  socket.write(events);
  for (const one of chunks) {
    await sleep(everyMs);
    socket.write(chunk(one));
  }
  await sleep(everyMs);
  socket.write(last);
}

describe('a stream keeps its pieces', () => {
  const ticks = Array.from({ length: 5 }, (_none, n) => `data: ${n}\n\n`);

  test('a client of server-sent events with an idle time-out of a second survives, live and replayed in their time', async () => {
    const origin = await startRawOrigin((_request, socket) => void say(socket, ticks, 400));
    const [live, again] = await twice(
      origin,
      (running) => readIdly(running, get(origin.port), 1000),
      () => ({ MAGNETO_LATENCY: 'recorded' }),
    );
    expect(live).toMatchObject({ ended: 'whole', chunks: ticks });
    expect(again).toMatchObject({ ended: 'whole', chunks: ticks });
    expect(again.longestMs).toBeGreaterThan(200);
  });

  test('and replayed at once, in the same pieces', async () => {
    const origin = await startRawOrigin((_request, socket) => void say(socket, ticks, 60));
    const [live, again] = await twice(origin, (running) =>
      readIdly(running, get(origin.port), 10_000),
    );
    expect(live).toMatchObject({ ended: 'whole', chunks: ticks });
    expect(again).toMatchObject({ ended: 'whole', chunks: ticks });
  });

  test.each([
    ['lines of JSON', lines],
    ['any chunked body', plainChunks],
  ])('%s: chunks of one packet stay chunks', async (_of, head) => {
    const said = ['{"n":1}\n', '{"n":2}\n{"n"', ':3}\n'];
    const origin = await startRawOrigin((_request, socket) => {
      socket.write(`${head}${said.map(chunk).join('')}${last}`);
    });
    const [live, again] = await twice(origin, (running) =>
      readIdly(running, get(origin.port), 10_000),
    );
    expect(live.chunks).toEqual(said);
    expect(again.chunks).toEqual(said);
  });

  test('the first piece is with the client while the second has not been said', async () => {
    let more = (): void => {};
    const origin = await startRawOrigin((_request, socket) => {
      socket.write(`${events}${chunk('first')}`);
      more = () => void socket.write(`${chunk('second')}${last}`);
    });
    const [live] = await twice(origin, async ({ via }, isLive) => {
      const socket = await plain(via);
      const heard = listen(socket);
      socket.write(get(origin.port));
      await heard.until((got) => got.includes('first'));
      const early = heard.got().includes('second');
      if (isLive) more();
      await heard.until((got) => got.toString().endsWith(last));
      socket.destroy();
      return { early, chunks: chunksOf(heard.got()) };
    });
    expect(live).toEqual({ early: false, chunks: ['first', 'second'] });
  });

  test('what came in one go has no pieces in the cassette, so that two recordings are alike', async () => {
    const origin = await startRawOrigin((_request, socket) => {
      const body = 'x'.repeat(300_000);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    await withFolder(async (folder) => {
      const running = await startWith(modeIn(folder, 'record'));
      const { body } = await askRaw(running.via.proxyPort, get(origin.port));
      expect(body).toHaveLength(300_000);
      await running.appliance.stop();
      const cassette = await readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
      expect(cassette).not.toContain('"chunks"');
    });
    await origin.stop();
  });
});

describe('a stream that breaks off replays so, at the same place', () => {
  test.each<[string, (socket: Socket) => void, 'end' | 'reset']>([
    ['cut by the server', (socket) => void socket.end(), 'end'],
    ['reset by the server', (socket) => void socket.resetAndDestroy(), 'reset'],
  ])('%s', async (_how, breaks, ended) => {
    const origin = await startRawOrigin((_request, socket) => {
      socket.write(`${events}${chunk('one')}${chunk('two')}`, () =>
        setTimeout(() => breaks(socket), 60),
      );
    });
    const [live, again] = await twice(origin, ({ via }) => askRaw(via.proxyPort, get(origin.port)));
    expect(live).toMatchObject({ ended, body: Buffer.from('onetwo') });
    expect(again).toEqual(live);
  });
});

describe('a stream without an end', () => {
  /** Says the same event for ever, as fast as it is read. */
  function endless(socket: Socket): void {
    const event = chunk(`data: ${'x'.repeat(1000)}\n\n`);
    const pour = (): void => {
      while (!socket.destroyed && socket.write(event)) {}
    };
    socket.on('drain', pour);
    socket.write(events);
    pour();
  }

  test.each([
    ['size', { MAGNETO_BODY_BYTES_MAX: '20000' }, 'BODY_TOO_LARGE'],
    ['time', { MAGNETO_STREAM_MS_MAX: '300' }, 'STREAM_TOO_LONG'],
  ])(
    'is recorded up to a cap of its %s, said so, and replays so far',
    async (truncated, limits, code) => {
      const origin = await startRawOrigin((_request, socket) => endless(socket));
      await withFolder(async (folder) => {
        const running = await startWith({ ...modeIn(folder, 'record'), ...limits });
        const socket = await plain(running.via);
        const heard = listen(socket);
        socket.write(get(origin.port));
        // The client goes on long after the cap, undisturbed.
        await heard.until((got) => got.length > 200_000);
        while (!running.log.some((line) => line['code'] === code)) await sleep(10);
        const before = heard.got().length;
        await heard.until((got) => got.length > before + 100_000);
        socket.destroy();
        while (running.appliance.receipt().truncated === 0) await sleep(10);
        expect(running.appliance.receipt()).toMatchObject({ recorded: 1, truncated: 1, failed: 0 });
        await running.appliance.stop();
        await origin.stop();
        const replaying = await startWith(modeIn(folder, 'replay'));
        const again = await askRaw(replaying.via.proxyPort, get(origin.port));
        expect(again.ended).toBe('end');
        expect(again.body.length).toBeGreaterThan(1000);
        if (truncated === 'size') expect(again.body).toHaveLength(20_000);
        expect(replaying.appliance.receipt()).toMatchObject({ served: 1, truncated: 1 });
        await replaying.appliance.stop();
      });
    },
  );

  test('does not fill the memory while its client does not read', async () => {
    let said = 0;
    const origin = await startRawOrigin((_request, socket) => {
      socket.on('close', () => {
        said = socket.bytesWritten;
      });
      endless(socket);
    });
    await twice(origin, async ({ via }, isLive) => {
      if (!isLive) return;
      const socket = await plain(via);
      socket.write(get(origin.port));
      socket.pause();
      await sleep(1000);
      socket.destroy();
      while (said === 0) await sleep(10);
    });
    // What kernels and streams hold between the two, and no more.
    expect(said).toBeLessThan(32 * 1024 * 1024);
  });
});

describe('content codings', () => {
  const text = 'something worth packing, and packing again '.repeat(50);
  const packed = {
    gzip: gzipSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
    deflate: deflateSync,
  };

  test.each(Object.entries(packed))(
    '%s stays as it is on the wire, both ways',
    async (coding, pack) => {
      const bytes = pack(text);
      const heads = [`Content-Encoding: ${coding}`, `Content-Length: ${bytes.length}`];
      const origin = await startRawOrigin((request, socket) => {
        void request.body().then((body) => {
          socket.write(
            `HTTP/1.1 200 OK\r\n${heads.join('\r\n')}\r\nX-Same: ${body.equals(bytes)}\r\n\r\n`,
          );
          socket.write(bytes);
        });
      });
      const request = Buffer.concat([
        Buffer.from(
          `POST http://localhost:${origin.port}/ HTTP/1.1\r\nHost: x\r\n${heads.join('\r\n')}\r\n\r\n`,
        ),
        bytes,
      ]);
      const [live, again] = await twice(origin, ({ via }) => askRaw(via.proxyPort, request));
      expect(live.head).toContain('X-Same: true');
      expect(live.body.equals(bytes)).toBe(true);
      expect(again).toEqual(live);
    },
  );
});

describe('what a player asks for', () => {
  const song = Buffer.from(Array.from({ length: 5000 }, (_none, n) => n % 251));

  /** A server of one file that cuts ranges, as nginx does. */
  function fileServer(): Promise<RawOrigin> {
    return startRawOrigin((request, socket) => {
      const [, from, to] = /range: bytes=(\d+)-(\d*)/i.exec(request.head) ?? [];
      const own = ['Accept-Ranges: bytes', 'ETag: "v1"', 'Content-Type: audio/mpeg'];
      const first = Number(from ?? 0);
      const end = to === undefined || to === '' ? song.length - 1 : Number(to);
      const part = song.subarray(first, end + 1);
      const range =
        from === undefined ? [] : [`Content-Range: bytes ${first}-${end}/${song.length}`];
      const status = from === undefined ? '200 OK' : '206 Partial Content';
      socket.write(
        [`HTTP/1.1 ${status}`, ...own, ...range, `Content-Length: ${part.length}`, '', ''].join(
          '\r\n',
        ),
      );
      socket.write(part);
    });
  }

  const ask = ({ via }: Running, port: number, range?: string) =>
    askRaw(via.proxyPort, get(port, '/song', range === undefined ? [] : [`Range: bytes=${range}`]));

  test('each range is its own answer, in whatever order it is asked for', async () => {
    const origin = await fileServer();
    const ranges = ['0-99', '100-199', '4000-'];
    const [live, again] = await twice(origin, async (running, isLive) => {
      const asked = isLive ? ranges : ranges.toReversed();
      const told = [];
      for (const range of asked) told.push(await ask(running, origin.port, range));
      return isLive ? told : told.toReversed();
    });
    expect(live.map(({ head }) => /bytes \S+/.exec(head)?.[0])).toEqual([
      'bytes 0-99/5000',
      'bytes 100-199/5000',
      'bytes 4000-4999/5000',
    ]);
    expect(again).toEqual(live);
  });

  test('a range that nobody recorded is cut out of the whole, and one that cannot be is a miss', async () => {
    const origin = await fileServer();
    await withFolder(async (folder) => {
      const recording = await startWith(modeIn(folder, 'record'));
      await ask(recording, origin.port);
      await askRaw(recording.via.proxyPort, get(origin.port, '/other', ['Range: bytes=0-9']));
      await recording.appliance.stop();
      await origin.stop();
      const replaying = await startWith(modeIn(folder, 'replay'));
      const cut = await ask(replaying, origin.port, '1000-1999');
      expect(cut.head).toContain('206 Partial Content');
      expect(cut.head).toContain('Content-Range: bytes 1000-1999/5000');
      expect(cut.body.equals(song.subarray(1000, 2000))).toBe(true);
      const missed = await askRaw(
        replaying.via.proxyPort,
        get(origin.port, '/other', ['Range: bytes=50-59']),
      );
      expect(missed.head).toContain('NO_MATCHING_INTERACTION');
      await replaying.appliance.stop();
    });
  });

  test('a playlist that changes replays as it changed, its segments as they were', async () => {
    let turn = 0;
    const origin = await startRawOrigin((request, socket) => {
      const body = request.path.endsWith('.m3u8')
        ? `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:${++turn}\n`
        : `segment ${request.path}`;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const [live, again] = await twice(origin, async ({ via }) => {
      const told: string[] = [];
      for (const path of ['/a.m3u8', '/1.ts', '/a.m3u8', '/2.ts', '/a.m3u8']) {
        told.push((await askRaw(via.proxyPort, get(origin.port, path))).body.toString());
      }
      return told;
    });
    expect(live[4]).toContain('MEDIA-SEQUENCE:3');
    expect(again).toEqual(live);
  });
});

test('an upload whose boundary is drawn anew each time is found', async () => {
  const origin = await startRawOrigin((request, socket) => {
    void request.body().then((body) => {
      const said = `took ${body.length > 400_000}`;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${said.length}\r\n\r\n${said}`);
    });
  });
  const [live, again] = await twice(origin, ({ via }, isLive) => {
    const boundary = isLive ? '----live123' : '----again4567';
    const body = `--${boundary}\r\nContent-Disposition: form-data; name="f"\r\n\r\n${'z'.repeat(400_000)}\r\n--${boundary}--\r\n`;
    const head = [
      `POST http://localhost:${origin.port}/up HTTP/1.1`,
      'Host: x',
      `Content-Type: multipart/form-data; boundary=${boundary}`,
      `Content-Length: ${body.length}`,
    ];
    return askRaw(via.proxyPort, `${head.join('\r\n')}\r\n\r\n${body}`);
  });
  expect(live.body.toString()).toBe('took true');
  expect(again.body.toString()).toBe('took true');
});

test('the answer of an old radio server is passed on as it came, recorded and replayed', async () => {
  const origin = await startRawOrigin((_request, socket) => {
    socket.end('ICY 200 OK\r\nicy-name: Radio\r\nicy-metaint: 8\r\n\r\n01234567\x00');
  });
  const [live, again] = await twice(origin, ({ via }) =>
    askRaw(via.proxyPort, get(origin.port, '/listen', ['Icy-MetaData: 1'])),
  );
  expect(live.head.split('\r\n')).toEqual(['ICY 200 OK', 'icy-name: Radio', 'icy-metaint: 8']);
  expect(live.body.toString('latin1')).toBe('01234567\x00');
  expect(again).toEqual(live);
});
