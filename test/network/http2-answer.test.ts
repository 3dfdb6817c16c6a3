import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Body, Part, Parts } from '../../src/exchange/conversation.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import type { Network } from '../../src/network/network.ts';
import { createChannel } from '../../src/support/channel.ts';
import type { Serve } from './http2-world.ts';
import { data, fields, frames, framesServer, http2Server, readAll, reset } from './http2-world.ts';
import type { Listening, Live } from './world.ts';
import { asking, eventually, heard, part, textOf, withNetwork, withServer } from './world.ts';
import type { HttpExchange } from '../../src/exchange/exchange.ts';

const asked = {
  kind: 'websocket',
  httpVersion: '2.0',
  path: '/chat',
  headers: [
    ['sec-websocket-version', '13'],
    ['sec-websocket-protocol', 'a'],
  ],
} as const;

/** A network beside a server that takes WebSockets over HTTP/2. */
async function withWebSockets(
  serve: Serve,
  body: (network: Network, listening: Listening) => Promise<void>,
): Promise<void> {
  const server: Http2Server = http2Server(serve, { settings: { enableConnectProtocol: true } });
  await withServer(server, (listening) => withNetwork({}, (network) => body(network, listening)));
}

function partsIn(body: Body): AsyncIterator<Part> {
  if (body === undefined || Buffer.isBuffer(body)) throw new Error('no parts');
  return body[Symbol.asyncIterator]();
}

async function next(parts: AsyncIterator<Part>): Promise<string | undefined> {
  const { value, done } = await parts.next();
  return done === true ? undefined : value.bytes.toString();
}

describe('a WebSocket over HTTP/2', () => {
  test('is an extended CONNECT, and bytes both ways', async () => {
    let seen: readonly string[] = [];
    const serve: Serve = (stream, _headers, raw) => {
      seen = raw;
      stream.respond({ ':status': 200, 'sec-websocket-protocol': 'a' });
      stream.write('hello');
      stream.pipe(stream);
    };
    await withWebSockets(serve, async (network, { destination }) => {
      const body = createChannel<Part>();
      const answer = await network.open(asking(destination, { ...asked, body }).exchange);
      const flat = seen.slice(0, 10);
      expect(flat).toEqual(
        expect.arrayContaining([':method', 'CONNECT', ':protocol', 'websocket']),
      );
      expect(flat).toEqual(expect.arrayContaining([':path', '/chat', ':scheme', 'http']));
      expect(seen.slice(10)).toEqual(asked.headers.flat());
      expect(answer).toMatchObject({ framing: 'raw', head: { status: 101, httpVersion: '2.0' } });
      expect(answer.head?.headers).toContainEqual(['sec-websocket-protocol', 'a']);
      const parts = partsIn(answer.body);
      expect(await next(parts)).toBe('hello');
      await body.push(part('ping'));
      expect(await next(parts)).toBe('ping');
      // The client says its last; the server has a word after that.
      body.end();
      expect(await next(parts)).toBeUndefined();
      expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
    });
  });

  test('that is refused is an ordinary answer, and nothing of what the client says is sent', async () => {
    let said = 0;
    const serve: Serve = (stream) => {
      stream.on('data', () => {
        said += 1;
      });
      stream.respond({ ':status': 403 });
      stream.end('no');
    };
    await withWebSockets(serve, async (network, { destination }) => {
      const body = createChannel<Part>();
      void body.push(part('x'));
      const answer = await network.open(asking(destination, { ...asked, body }).exchange);
      expect(answer.framing).toBeUndefined();
      expect(answer.head?.status).toBe(403);
      expect(await readAll(answer)).toMatchObject({ text: 'no', ending: { type: 'finished' } });
      expect(said).toBe(0);
    });
  });

  test('is reset with the code that its server gave', async () => {
    const serve = framesServer(
      ({ type, id }, say) => {
        if (type === frames.headers) say(fields(id, [[':status', '200']]), data(id, 'hi'));
        if (type === frames.data) say(reset(id, 11));
      },
      [[8, 1]],
    );
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const body = createChannel<Part>();
        const answer = await network.open(asking(destination, { ...asked, body }).exchange);
        await body.push(part('x'));
        const ending = { type: 'reset', by: 'server', code: 11 };
        expect(await readAll(answer)).toEqual({ text: 'hi', ending });
      });
    });
  });

  test.each([
    ['that goes says its last', { type: 'cut', by: 'client' }, { last: 'bye', code: 8 }],
    [
      'that resets says nothing more',
      { type: 'reset', by: 'client', code: 5 },
      { last: '', code: 5 },
    ],
  ] as const)('of a client %s', async (_how, reason, { last, code }) => {
    let text = '';
    let closed: number | undefined;
    const serve: Serve = (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('hello');
      stream.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
      stream.on('close', () => {
        closed = stream.rstCode;
      });
    };
    await withWebSockets(serve, async (network, { destination }) => {
      const body = createChannel<Part>();
      const live: Live<HttpExchange> = asking(destination, { ...asked, body });
      const answer: Answer = await network.open(live.exchange);
      const parts = partsIn(answer.body);
      expect(await next(parts)).toBe('hello');
      if (last !== '') await body.push(part(last));
      await eventually(() => text === last);
      live.leave(reason);
      expect(await next(parts)).toBeUndefined();
      expect(await answer.ending).toEqual(reason);
      await eventually(() => closed !== undefined);
      expect({ text, closed }).toEqual({ text: last, closed: code });
    });
  });

  test('to a server that takes none over HTTP/2 is one of HTTP/1.1', async () => {
    let request = '';
    let version = '';
    const server = (socket: Socket): void => {
      socket.once('data', (bytes: Buffer) => {
        version = bytes.toString('latin1').startsWith('PRI') ? '2' : '1';
        // SETTINGS without a word of WebSockets.
        if (version === '2') socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
        else request = bytes.toString('latin1');
        if (version === '1') {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n');
          socket.write('Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nhi');
          void heard(socket, 'bye').then(() => socket.end());
        }
      });
    };
    await withServer(server, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const body: Parts = (async function* () {
          yield await Promise.resolve(part('bye'));
        })();
        const answer = await network.open(asking(destination, { ...asked, body }).exchange);
        expect(answer).toMatchObject({ framing: 'raw', head: { status: 101, httpVersion: '1.1' } });
        expect(await textOf(answer.body)).toBe('hi');
        expect(request).toMatch(
          /^GET \/chat HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: [A-Za-z0-9+/]{22}==\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: a\r\n\r\n$/,
        );
      });
    });
  });
});
