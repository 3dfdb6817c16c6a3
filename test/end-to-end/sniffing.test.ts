import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';
import { Duplex as DuplexStream } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { plain, secureTunnel, tunnel } from './client.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import { askOn, askRaw, endOf, listen } from './raw-client.ts';
import { startSocketOrigin } from './raw-origin.ts';
import { everyByte } from './real-servers.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, twice, withFolder } from './with-appliance.ts';

let origin: Origin;
let running: Running;
let stop: () => Promise<void>;
beforeAll(async () => {
  origin = await startOrigin();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { promise: ready, resolve: isReady } = Promise.withResolvers<Running>();
  const done = withFolder(async (folder) => {
    const started = await startWith({
      ...modeIn(folder, 'passthrough'),
      MAGNETO_UPSTREAM_CA: origin.caFile,
    });
    isReady(started);
    await promise;
    await started.appliance.stop();
  });
  running = await ready;
  stop = async () => {
    resolve();
    await done;
    await origin.stop();
  };
});
afterAll(() => stop());

const host = () => `localhost:${origin.httpPort}`;
const secureHost = () => `localhost:${origin.httpsPort}`;

/** A stream that passes writes on in pieces, each in a packet of its own as far as one can tell. */
function inPieces(socket: Duplex, cut: (bytes: Buffer) => readonly Buffer[]): Duplex {
  const slow = new DuplexStream({
    read: () => {},
    write: (bytes: Buffer, _encoding, done) => {
      void (async () => {
        for (const piece of cut(bytes)) {
          socket.write(piece);
          await sleep(1);
        }
        done();
      })();
    },
  });
  socket.on('data', (chunk: Buffer) => slow.push(chunk)).on('end', () => slow.push(null));
  return slow;
}

const byteByByte = (bytes: Buffer): readonly Buffer[] =>
  Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

/** The same handshake message in records of a few bytes each (RFC 8446, 5.1). */
function inRecords(bytes: Buffer): readonly Buffer[] {
  if (bytes[0] !== 22) return [bytes];
  const message = bytes.subarray(5);
  const pieces: Buffer[] = [];
  for (let at = 0; at < message.length; at += 50) {
    const piece = message.subarray(at, at + 50);
    pieces.push(Buffer.concat([Buffer.from([22, 3, 1, 0, piece.length]), piece]));
  }
  return pieces;
}

describe('one port takes', () => {
  test('absolute-form; the target counts, not a Host that differs', async () => {
    const { body } = await askRaw(
      running.via.proxyPort,
      `GET http://${host()}/absolute HTTP/1.1\r\nHost: elsewhere.invalid\r\n\r\n`,
    );
    expect(body.toString()).toMatch(/"path":"\/absolute"/);
  });

  test('origin-form with a Host', async () => {
    const { body } = await askRaw(
      running.via.proxyPort,
      `GET /origin HTTP/1.1\r\nHost: ${host()}\r\n\r\n`,
    );
    expect(body.toString()).toMatch(/"path":"\/origin"/);
  });

  test('origin-form without a Host: nobody knows where to', async () => {
    const { head } = await askRaw(running.via.proxyPort, 'GET /origin HTTP/1.0\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 [^]*X-Magneto-Failure: DESTINATION_UNKNOWN/);
  });

  test('its own address: a loop, refused', async () => {
    const { proxyPort } = running.via;
    const { head } = await askRaw(
      proxyPort,
      `GET http://127.0.0.1:${proxyPort}/ HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    expect(head).toMatch(/^HTTP\/1\.1 508 [^]*DESTINATION_IS_PROXY/);
    await expect(tunnel(running.via, `localhost:${proxyPort}`)).rejects.toThrow('508');
  });

  test('HTTP/1.0, and closes after it', async () => {
    const { body, ended, head } = await askRaw(
      running.via.proxyPort,
      `GET http://${host()}/old HTTP/1.0\r\n\r\n`,
    );
    expect(head).toMatch(/ 200 /);
    expect(body.toString()).toMatch(/"path":"\/old"/);
    expect(ended).toBe('whole');
  });

  test('several requests to several servers on one connection, pipelined', async () => {
    const other = await startOrigin();
    const socket = await plain(running.via);
    const heard = listen(socket);
    socket.write(
      [`http://${host()}/1`, `http://localhost:${other.httpPort}/2`, `http://${host()}/3`]
        .map((url) => `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`)
        .join(''),
    );
    await heard.until((got) => got.includes('"path":"/3"'));
    const paths = [
      ...heard
        .got()
        .toString()
        .matchAll(/"path":"(\/\d)"/g),
    ].map((match) => match[1]);
    expect(paths).toEqual(['/1', '/2', '/3']);
    expect(other.saw()).toBe(1);
    socket.destroy();
    await other.stop();
  });

  test('CONNECT, and HTTP inside it', async () => {
    const socket = await tunnel(running.via, host());
    const { body } = await askOn(socket, `GET /inside HTTP/1.1\r\nHost: ${host()}\r\n\r\n`);
    expect(body.toString()).toMatch(/"path":"\/inside"/);
    socket.destroy();
  });

  test('CONNECT, and TLS inside it, the hello behind the CONNECT in one packet', async () => {
    const url = new URL(`https://${secureHost()}/`);
    const socket = await secureTunnel(running.via, url);
    const { body } = await askOn(socket, `GET /tls HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
    expect(body.toString()).toMatch(/"path":"\/tls"/);
    socket.destroy();
  });

  test('CONNECT in CONNECT', async () => {
    const outer = await tunnel(running.via, host());
    outer.write(`CONNECT ${host()} HTTP/1.1\r\nHost: ${host()}\r\n\r\n`);
    await once(outer, 'data');
    const { body } = await askOn(outer, `GET /deep HTTP/1.1\r\nHost: ${host()}\r\n\r\n`);
    expect(body.toString()).toMatch(/"path":"\/deep"/);
    outer.destroy();
  });

  test('TLS straight on the port: a secure proxy connection, CONNECT inside it', async () => {
    const secure = connectTls({
      port: running.via.proxyPort,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: readFileSync(running.via.caFile),
    });
    await once(secure, 'secureConnect');
    secure.write(`CONNECT ${host()} HTTP/1.1\r\nHost: ${host()}\r\n\r\n`);
    await once(secure, 'data');
    const { body } = await askOn(secure, `GET /secured HTTP/1.1\r\nHost: ${host()}\r\n\r\n`);
    expect(body.toString()).toMatch(/"path":"\/secured"/);
    secure.destroy();
  });

  test('TLS straight on the port, with another server name: a server of that name', async () => {
    const secure = connectTls({
      port: running.via.proxyPort,
      host: '127.0.0.1',
      servername: 'no-such-host.invalid',
      ca: readFileSync(running.via.caFile),
    });
    await once(secure, 'secureConnect');
    expect(secure.getPeerCertificate().subjectaltname).toBe('DNS:no-such-host.invalid');
    const { head } = await askOn(secure, 'GET / HTTP/1.1\r\nHost: no-such-host.invalid\r\n\r\n');
    expect(head).toMatch(/502 [^]*UPSTREAM_NAME_NOT_FOUND/);
    secure.destroy();
  });

  test.each([
    ['byte by byte', byteByByte],
    ['in records of 50 bytes', inRecords],
    ['in records, byte by byte', (bytes: Buffer) => inRecords(bytes).flatMap(byteByByte)],
  ])('a ClientHello %s', async (_how, cut) => {
    const socket = await tunnel(running.via, secureHost());
    const secure = connectTls({
      socket: inPieces(socket, cut),
      servername: 'localhost',
      ca: readFileSync(running.via.caFile),
    });
    await once(secure, 'secureConnect');
    const { body } = await askOn(secure, `GET /split HTTP/1.1\r\nHost: ${secureHost()}\r\n\r\n`);
    expect(body.toString()).toMatch(/"path":"\/split"/);
    secure.destroy();
    socket.destroy();
  });

  test('a request byte by byte', async () => {
    const socket = await plain(running.via);
    const slow = inPieces(socket, byteByByte);
    const { body } = await askOn(slow, `GET http://${host()}/slow HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(body.toString()).toMatch(/"path":"\/slow"/);
    socket.destroy();
  });

  test('a tunnel opened ahead of need, which speaks HTTP after a while', async () => {
    const socket = await tunnel(running.via, host());
    await sleep(600);
    const { body } = await askOn(socket, `GET /late HTTP/1.1\r\nHost: ${host()}\r\n\r\n`);
    expect(body.toString()).toMatch(/"path":"\/late"/);
    socket.destroy();
  });

  test('a tunnel opened ahead of need, which speaks TLS after a while', async () => {
    const socket = await tunnel(running.via, secureHost());
    await sleep(600);
    const ca = readFileSync(running.via.caFile);
    const secure = connectTls({ socket, servername: 'localhost', ca });
    await once(secure, 'secureConnect');
    const { body } = await askOn(secure, `GET /late HTTP/1.1\r\nHost: ${secureHost()}\r\n\r\n`);
    expect(body.toString()).toMatch(/"path":"\/late"/);
    secure.destroy();
  });
});

describe('raw bytes in a tunnel', () => {
  const greeting = '220 mail.example ESMTP\r\n';
  const binary = Buffer.concat([Buffer.from([0xff, 0x00, 0x16, 0x80]), everyByte(200_000)]);

  test('a server that speaks first is heard, and both sides untouched', async () => {
    const mail = await startSocketOrigin((socket) => {
      socket.write(greeting);
      socket.on('data', (chunk: Buffer) => socket.write(`250 ${chunk.toString()}`));
    });
    const [live, again] = await twice(mail, async (appliance) => {
      const socket = await tunnel(appliance.via, `localhost:${mail.port}`);
      const heard = listen(socket);
      const ended = await Promise.race([
        heard.until((got) => got.toString() === greeting),
        sleep(1500, 'silence' as const),
      ]);
      if (ended === 'whole') {
        socket.write('EHLO example.org\r\n');
        await heard.until((got) => got.includes('250 EHLO example.org\r\n'));
      } else {
        socket.write('EHLO example.org\r\n');
        expect(await heard.until(() => false)).toBe('reset');
      }
      socket.destroy();
      await sleep(50);
      return { said: heard.got().toString(), receipt: appliance.appliance.receipt() };
    });
    expect(live.said).toBe(`${greeting}250 EHLO example.org\r\n`);
    expect(live.receipt).toMatchObject({ streams: 1, recorded: 0, liveCalls: 1 });
    // In replay nobody speaks first, and what the client says is a miss.
    expect(again.said).toBe('');
    expect(again.receipt).toMatchObject({ streams: 1, missed: 1, liveCalls: 0 });
  });

  test('a client that speaks a protocol of its own is relayed untouched; a miss in replay', async () => {
    const echo = await startSocketOrigin((socket) => {
      socket.on('data', (chunk: Buffer) => socket.write(chunk));
    });
    const [live, again] = await twice(echo, async ({ via, appliance }) => {
      const socket = await tunnel(via, `localhost:${echo.port}`);
      const heard = listen(socket);
      socket.write(binary);
      const ended = await heard.until((got) => got.length >= binary.length);
      socket.destroy();
      await sleep(50);
      return { ended, same: heard.got().equals(binary), receipt: appliance.receipt() };
    });
    expect(live).toMatchObject({ ended: 'whole', same: true });
    expect(live.receipt).toMatchObject({ streams: 1, recorded: 0 });
    expect(again).toMatchObject({ ended: 'reset', same: false });
    expect(again.receipt).toMatchObject({ streams: 1, missed: 1, liveCalls: 0 });
  });
});

describe('what is broken', () => {
  test.each([
    ['no HTTP at all after a known method', 'GET http://x HTTQ/9\r\n\r\n'],
    ['a header without a name', `GET http://x/ HTTP/1.1\r\nHost: x\r\n: nothing\r\n\r\n`],
    ['a header with a space in its name', `GET http://x/ HTTP/1.1\r\nBad Header: 1\r\n\r\n`],
    ['two lengths', `POST http://x/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    [
      'a length and chunks',
      `POST http://x/ HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a length that is none', `POST http://x/ HTTP/1.1\r\nContent-Length: ten\r\n\r\n`],
    ['a bare line feed in the middle', `GET http://x/ HTTP/1.1\r\nA: 1\rB: 2\r\n\r\n`],
  ])('%s is refused with 400, and reaches nobody', async (_what, request) => {
    const before = origin.saw();
    const socket = await plain(running.via);
    const { head } = await askOn(socket, request.replaceAll('http://x', `http://${host()}`));
    expect(head).toMatch(/^HTTP\/1\.1 400 [^]*X-Magneto-Failure: MALFORMED_HTTP/);
    expect(await endOf(socket, 3000)).not.toBe('open');
    expect(origin.saw()).toBe(before);
    socket.destroy();
  });

  test('a head of a megabyte is refused with 431', async () => {
    const socket = await plain(running.via);
    const { head } = await askOn(
      socket,
      `GET http://${host()}/ HTTP/1.1\r\nHost: x\r\nX-Long: ${'l'.repeat(1024 * 1024)}\r\n\r\n`,
    );
    expect(head).toMatch(/^HTTP\/1\.1 431 [^]*HEADERS_TOO_LARGE/);
    socket.destroy();
  });

  test.each([
    ['a hello of garbage', Buffer.from([0x16, 3, 1, 0, 10, 1, 0, 0, 6, 9, 9, 9, 9, 9, 9])],
    ['a record that is no hello', Buffer.from([0x16, 3, 1, 0, 4, 2, 0, 0, 0])],
    [
      'a hello beyond 16 KiB',
      Buffer.concat([Buffer.from([0x16, 3, 1, 0x40, 0, 1, 1, 0, 0]), Buffer.alloc(40_000)]),
    ],
  ])('%s gets a TLS alert, and the connection ends', async (_what, hello) => {
    const socket = await tunnel(running.via, secureHost());
    const heard = listen(socket);
    socket.write(hello);
    await heard.until((got) => got.length >= 7);
    expect([...heard.got().subarray(0, 2)]).toEqual([0x15, 3]);
    expect(await heard.until(() => false)).toMatch(/end|reset/);
    socket.destroy();
  });

  test('and all of it has left the proxy serving', async () => {
    const { body } = await askRaw(
      running.via.proxyPort,
      `GET http://${host()}/still HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    expect(body.toString()).toMatch(/"path":"\/still"/);
    expect(running.log.filter(({ msg }) => String(msg).includes('a bug'))).toEqual([]);
  });
});
