import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import type { Part } from '../../src/exchange/conversation.ts';
import type { NetworkOptions } from '../../src/network/network.ts';
import { createNetwork } from '../../src/network/network.ts';
import { createChannel } from '../../src/support/channel.ts';
import type { Listening } from './world.ts';
import {
  asking,
  eventually,
  heard,
  makeCertificates,
  part,
  partsOf,
  sleep,
  streaming,
  textOf,
  withNetwork,
  withServer,
} from './world.ts';

const { ca, cert, key } = makeCertificates();
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Where a TLS server is, by a name of its certificate. */
function secureOf(
  { port }: Listening,
  host = 'a.test',
): {
  host: string;
  port: number;
  secure: boolean;
  address: string;
} {
  return { host, port, secure: true, address: '127.0.0.1' };
}

function httpsServer(
  saw: (socket: TLSSocket) => void = () => {},
): ReturnType<typeof createHttpsServer> {
  const server = createHttpsServer({ cert, key }, (_request, response) => response.end('ok'));
  server.on('secureConnection', saw);
  return server;
}

test('a connection of its own is known by both ends, and only by who came after it', async () => {
  await withServer(
    () => {},
    async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        const earlierMs = performance.now();
        await network.offer(destination);
        await eventually(() => sockets.length === 1);
        const { remoteAddress, remotePort, localPort } = sockets[0] ?? {};
        const address = String(remoteAddress).replace('::ffff:', '');
        const from = { address, port: Number(remotePort) };
        const to = { address, port: Number(localPort) };
        const laterMs = performance.now();
        expect(network.isOwnSocket({ from, to, cameMs: laterMs })).toBe(true);
        // Another connection from the same port: the kernel gives it to several, by their destinations.
        const elsewhere = { ...to, port: to.port + 1 };
        expect(network.isOwnSocket({ from, to: elsewhere, cameMs: laterMs })).toBe(false);
        // What it was opened for came before it.
        expect(network.isOwnSocket({ from, to, cameMs: earlierMs })).toBe(false);
        sockets[0]?.destroy();
        await eventually(() => network.openSockets === 0);
        expect(network.isOwnSocket({ from, to, cameMs: laterMs })).toBe(false);
      });
    },
  );
});

describe('an offer without a hello', () => {
  test('dials, and the first exchange gets that connection', async () => {
    const serve = (socket: Socket): void => void socket.on('data', () => socket.write(ok));
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        expect(await network.offer(destination)).toMatchObject({ type: 'terms' });
        await eventually(() => sockets.length === 1);
        expect(sockets[0]?.bytesRead).toBe(0);
        await textOf((await network.open(asking(destination).exchange)).body);
        expect(sockets.length).toBe(1);
        expect(sockets[0]?.bytesRead).toBeGreaterThan(0);
        await sleep(5);
        const two = [asking(destination), asking(destination)];
        const answers = two.map(async ({ exchange }) =>
          textOf((await network.open(exchange)).body),
        );
        expect(await Promise.all(answers)).toEqual(['ok', 'ok']);
        expect(sockets.length).toBe(2);
      });
    });
  });

  test('tells when the server speaks first, and loses none of its bytes', async () => {
    const serve = (socket: Socket): void => {
      setTimeout(() => socket.write('220 hello\r\n'), 20);
      socket.on('data', (bytes: Buffer) => socket.end(bytes));
    };
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        const offer = await network.offer(destination);
        if (offer.type !== 'terms') throw new Error('no terms');
        expect(offer.alpn).toBeUndefined();
        await offer.serverSpoke;
        const answer = await network.open(streaming(destination, partsOf('QUIT\r\n')).exchange);
        expect(await textOf(answer.body)).toBe('220 hello\r\nQUIT\r\n');
        expect(sockets.length).toBe(1);
      });
    });
  });

  test('never lends a connection to HTTP on which the server spoke first', async () => {
    const serve = (socket: Socket, count: number): void => {
      if (count === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!');
      else socket.on('data', () => socket.write(ok));
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const offer = await network.offer(destination);
        if (offer.type === 'terms') await offer.serverSpoke;
        expect(await textOf((await network.open(asking(destination).exchange)).body)).toBe('ok');
      });
    });
  });

  test('is forgotten when its connection dies, and the exchange dials anew', async () => {
    const serve = (socket: Socket, count: number): void => {
      if (count === 0) setTimeout(() => socket.end(), 10);
      else socket.on('data', () => socket.write(ok));
    };
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        await network.offer(destination);
        await eventually(() => network.openSockets === 0);
        expect(await textOf((await network.open(asking(destination).exchange)).body)).toBe('ok');
        expect(sockets.length).toBe(2);
      });
    });
  });

  test.each([
    [{ host: '127.0.0.1', port: 1, secure: false }, { type: 'refused' }],
    [{ host: 'localhost', port: 1, secure: false }, { type: 'refused' }],
  ])('to nobody ends: %j', async (destination, ending) => {
    await withNetwork({}, async (network) => {
      expect(await network.offer(destination)).toEqual({ type: 'ended', ending });
      const answer = await network.open(asking(destination).exchange);
      expect(answer).toEqual({ body: undefined, ending, outcome: 'forwarded' });
      const stream = await network.open(streaming(destination, partsOf('x')).exchange);
      expect(stream.ending).toEqual(ending);
    });
  });

  test('to a name that is none ends with the resolver’s word', async () => {
    await withNetwork({}, async (network) => {
      const destination = { host: 'nobody.invalid', port: 80, secure: false };
      const offer = await network.offer(destination);
      expect(offer).toMatchObject({ type: 'ended', ending: { type: 'dns' } });
      const code = offer.type === 'ended' && offer.ending.type === 'dns' ? offer.ending.code : '';
      expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(code);
    });
  });
});

describe('an offer with a hello', () => {
  test('shakes hands on the connection kept, under the name of the hello', async () => {
    let session: TLSSocket | undefined;
    const server = httpsServer((socket) => {
      session = socket;
    });
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = secureOf(listening, '10.0.0.9');
        await network.offer({ ...destination, secure: false });
        const hello = { serverName: 'b.test', alpn: ['h2', 'http/1.1'] };
        expect(await network.offer(destination, hello)).toMatchObject({
          type: 'terms',
          alpn: 'http/1.1',
        });
        expect(listening.sockets.length).toBe(1);
        await eventually(() => session !== undefined);
        expect(session?.servername).toBe('b.test');
        const answer = await network.open(asking(destination).exchange);
        expect(await textOf(answer.body)).toBe('ok');
        expect(listening.sockets.length).toBe(1);
        expect(session?.servername).toBe('b.test');
      });
    });
  });

  test('remembers the name for the connections after the first', async () => {
    const names: string[] = [];
    const server = httpsServer((socket) => names.push(String(socket.servername)));
    server.keepAliveTimeout = 1;
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = secureOf(listening, '10.0.0.9');
        await network.offer(destination, { serverName: 'b.test', alpn: [] });
        const ask = async (): Promise<string | undefined> =>
          textOf((await network.open(asking(destination).exchange)).body);
        expect(await Promise.all([ask(), ask()])).toEqual(['ok', 'ok']);
        expect(names).toEqual(['b.test', 'b.test']);
      });
    });
  });

  test('is answered by an idle connection without dialling', async () => {
    await withServer(httpsServer(), async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = secureOf(listening);
        await textOf((await network.open(asking(destination).exchange)).body);
        await sleep(5);
        await network.offer({ ...destination, secure: false });
        expect(network.openSockets).toBe(2);
        const hello = { serverName: 'a.test', alpn: ['http/1.1'] };
        expect(await network.offer(destination, hello)).toEqual({
          type: 'terms',
          alpn: 'http/1.1',
        });
        // The TCP connection kept for this hello is not needed any more.
        await eventually(() => network.openSockets === 1);
        await textOf((await network.open(asking(destination).exchange)).body);
        expect(listening.sockets.length).toBe(2);
      });
    });
  });

  test.each<readonly [string, readonly string[], readonly string[] | undefined, boolean]>([
    ['all it has', [], undefined, true],
    ['all it has', ['http/1.1', 'http/1.0'], ['http/1.1', 'http/1.0'], true],
    ['all it has', ['mqtt', 'h2'], ['mqtt', 'h2'], true],
    ['something else', ['h2'], ['http/1.1'], false],
    ['no HTTP/2', ['h2', 'http/1.1'], ['http/1.1'], false],
  ])('offers %s for a client that offers %j', async (_what, alpn, ...[offered, http2]) => {
    const seen: unknown[] = [];
    const server = createTlsServer({
      cert,
      key,
      ALPNCallback: ({ protocols }) => {
        seen.push(protocols);
        return protocols[0];
      },
    });
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca], http2 }, async (network) => {
        const offer = await network.offer(secureOf(listening), { alpn });
        expect(offer).toMatchObject({
          type: 'terms',
          ...(offered !== undefined && { alpn: offered[0] }),
        });
        expect(seen).toEqual(offered === undefined ? [] : [offered]);
      });
    });
  });

  test('finds a server that speaks first inside TLS', async () => {
    const server = createTlsServer({ cert, key }, (socket) => socket.write('* OK\r\n'));
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = secureOf(listening);
        const offer = await network.offer(destination, { alpn: [] });
        if (offer.type === 'terms') await offer.serverSpoke;
        const live = streaming(destination, createChannel<Part>());
        const answer = await network.open(live.exchange);
        setTimeout(() => live.leave(), 30);
        expect(await textOf(answer.body)).toBe('* OK\r\n');
        expect(listening.sockets.length).toBe(1);
      });
    });
  });

  test.each<readonly [string, Partial<NetworkOptions>, string, string]>([
    ['an unknown authority', {}, 'a.test', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['another name', { upstreamCa: [ca] }, 'other.example', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['an address of another', { upstreamCa: [ca] }, '10.0.0.9', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('to a server with %s ends in tls', async (_what, ...facts) => {
    const [options, host, code] = facts;
    await withServer(httpsServer(), async (listening) => {
      const destination = secureOf(listening, host);
      const ended = { type: 'tls', code, reason: expect.any(String) };
      await withNetwork(options, async (network) => {
        const offer = await network.offer(destination, { alpn: [] });
        expect(offer).toEqual({ type: 'ended', ending: ended });
        expect((await network.open(asking(destination).exchange)).ending).toEqual(ended);
      });
      await withNetwork({ ...options, insecureHosts: [host] }, async (network) => {
        const answer = await network.open(asking(destination).exchange);
        expect(await textOf(answer.body)).toBe('ok');
      });
    });
  });

  test('believes an address that stands in the certificate', async () => {
    await withServer(httpsServer(), async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = secureOf(listening, '127.0.0.1');
        const answer = await network.open(asking(destination).exchange);
        expect(await textOf(answer.body)).toBe('ok');
      });
    });
  });

  test.each([
    ['speaks no TLS', (socket: Socket) => socket.write('HTTP/1.1 400 Bad\r\n\r\n'), 'tls'],
    ['closes', (socket: Socket) => socket.end(), 'cut'],
    ['resets', (socket: Socket) => socket.resetAndDestroy(), 'reset'],
  ] as const)('to a server that %s ends', async (_what, respond, type) => {
    const serve = (socket: Socket): void => void socket.once('data', () => respond(socket));
    await withServer(serve, async (listening) => {
      await withNetwork({}, async (network) => {
        const offer = await network.offer(secureOf(listening), { alpn: [] });
        expect(offer).toMatchObject({ type: 'ended', ending: { type } });
        if (type === 'tls')
          expect(offer).toMatchObject({ ending: { code: 'ERR_SSL_WRONG_VERSION_NUMBER' } });
      });
    });
  });

  test('on a kept connection that died unnoticed dials another', async () => {
    await withServer(httpsServer(), async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = secureOf(listening);
        await network.offer({ ...destination, secure: false });
        await eventually(() => listening.sockets.length === 1);
        // Not awaited: the RST and the hello cross each other.
        listening.sockets[0]?.resetAndDestroy();
        const offer = await network.offer(destination, { alpn: [] });
        expect(offer).toMatchObject({ type: 'terms' });
        expect(listening.sockets.length).toBe(2);
      });
    });
  });
});

describe('over TLS', () => {
  test('a client’s RST is a RST at the server', async () => {
    let error = '';
    const server = createTlsServer({ cert, key });
    server.on('connection', (socket) => {
      socket.on('error', (cause) => {
        error = 'code' in cause ? String(cause.code) : '';
      });
    });
    server.on('tlsClientError', () => {});
    server.on('secureConnection', (socket) => {
      socket.on('error', (cause) => {
        error = 'code' in cause ? String(cause.code) : '';
      });
      socket.resume();
    });
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const live = asking(secureOf(listening));
        const opened = network.open(live.exchange);
        await eventually(() => listening.sockets.length === 1);
        await sleep(50);
        live.leave({ type: 'reset', by: 'client' });
        expect((await opened).ending).toEqual({ type: 'reset', by: 'client' });
        await eventually(() => error === 'ECONNRESET');
      });
    });
  });

  test('half-close goes both ways', async () => {
    const server = createTlsServer({ cert, key, allowHalfOpen: true }, (socket) => {
      socket.resume();
      socket.on('end', () => setTimeout(() => socket.end('late'), 20));
    });
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const live = streaming(secureOf(listening), partsOf('x'));
        const answer = await network.open(live.exchange);
        expect(await textOf(answer.body)).toBe('late');
        expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
        await eventually(() => network.openSockets === 0);
      });
    });
  });

  test('a server that dies after the n-th byte always gives one ending', async () => {
    const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd';
    const server = createTlsServer({ cert, key }, (socket) => {
      void heard(socket, '\r\n\r\n').then((request) => {
        const count = Number(/^GET \/(\d+)/.exec(request)?.[1]);
        socket.write(whole.slice(0, count), () => socket.destroy());
      });
    });
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        for (let count = 0; count <= whole.length; count += 1) {
          const { exchange } = asking(secureOf(listening), { path: `/${count}` });
          const answer = await network.open(exchange);
          const text = await textOf(answer.body);
          const ending = await answer.ending;
          expect([count, ending.type]).toEqual([
            count,
            count === whole.length ? 'finished' : 'cut',
          ]);
          if (count >= whole.length - 4) {
            expect(text).toBe('abcd'.slice(0, count - whole.length + 4));
          }
        }
      });
    });
  });
});

describe('a WebSocket', () => {
  const asked = {
    kind: 'websocket',
    headers: [
      ['Host', 'a.example'],
      ['upgrade', 'WebSocket'],
      ['sec-webSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
    ],
  } as const;
  const granted =
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

  test('shakes hands as the client did, and relays bytes both ways', async () => {
    let request = '';
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then((text) => {
        request = text;
        // The first bytes come with the head, in one piece.
        socket.write(`${granted}early `);
        socket.on('data', (bytes: Buffer) => socket.write(bytes));
        socket.on('end', () => socket.end());
      });
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const body = createChannel<Part>();
        const answer = await network.open(asking(destination, { ...asked, body }).exchange);
        expect(request).toBe(
          'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nupgrade: WebSocket\r\nsec-webSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n',
        );
        expect(answer.head).toMatchObject({ status: 101, statusText: 'Switching Protocols' });
        expect(answer.framing).toBe('raw');
        void body.push(part('frames'));
        body.end();
        expect(await textOf(answer.body)).toBe('early frames');
        expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
        await eventually(() => network.openSockets === 0);
      });
    });
  });

  test('keeps the client’s own Connection header where it stood', async () => {
    let request = '';
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then((text) => {
        request = text;
        socket.end(granted);
      });
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const headers = [
          ['connection', 'keep-alive, Upgrade'],
          ['Upgrade', 'websocket'],
          ['Keep-Alive', '1'],
        ] as const;
        const body = partsOf();
        const live = asking(destination, { kind: 'websocket', headers, body });
        await textOf((await network.open(live.exchange)).body);
        expect(request).toBe(
          'GET / HTTP/1.1\r\nconnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n',
        );
      });
    });
  });

  test('that is refused has an ordinary answer', async () => {
    const serve = (socket: Socket): void =>
      void socket.on('data', () => socket.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno'));
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const body = createChannel<Part>();
        const answer = await network.open(asking(destination, { ...asked, body }).exchange);
        expect(answer.head?.status).toBe(403);
        expect(answer.framing).toBeUndefined();
        expect(await textOf(answer.body)).toBe('no');
        expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
      });
    });
  });

  test.each([
    ['resets', 'reset'],
    ['closes', 'finished'],
  ])('whose server %s ends so', async (how, type) => {
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then(() => {
        socket.write(`${granted}abc`, () => {
          if (how === 'closes') socket.end();
          else setTimeout(() => socket.resetAndDestroy(), 20);
        });
      });
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const body = createChannel<Part>();
        const live = asking(destination, { ...asked, body });
        const answer = await network.open(live.exchange);
        expect(await textOf(answer.body)).toBe('abc');
        expect((await answer.ending).type).toBe(type);
        live.leave();
      });
    });
  });
});

describe('closing', () => {
  test('destroys what is kept, what is open and what is being dialled', async () => {
    await withServer(
      (socket) => socket.resume(),
      async ({ destination, sockets }) => {
        const network = createNetwork({ upstreamCa: [], insecureHosts: [] });
        const there = { ...destination, address: destination.host };
        await network.offer(destination);
        const opened = network.open(asking({ ...there, host: 'b.example' }).exchange);
        const shaking = network.offer({ ...there, host: 'c.example' }, { alpn: [] });
        await eventually(() => sockets.length === 3);
        await network.close();
        expect(network.openSockets).toBe(0);
        expect((await opened).ending).toMatchObject({ type: expect.stringMatching('cut|reset') });
        expect(await shaking).toMatchObject({ type: 'ended' });
        expect(await network.offer(destination)).toMatchObject({ type: 'ended' });
      },
    );
  });

  test('is asked of a network with a bad authority never', () => {
    const options = { upstreamCa: ['x'], insecureHosts: [] };
    expect(() => createNetwork(options)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
