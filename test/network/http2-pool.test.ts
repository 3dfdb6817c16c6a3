import { createServer as createHttpServer } from 'node:http';
import type { Http2Server } from 'node:http2';
import { createSecureServer } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import type { Network } from '../../src/network/network.ts';
import type { Serve } from './http2-world.ts';
import {
  fields,
  frames,
  framesServer,
  goaway,
  http2Server,
  readAll,
  withHttp2,
} from './http2-world.ts';
import type { Listening } from './world.ts';
import {
  asking,
  eventually,
  makeCertificates,
  sleep,
  textOf,
  withNetwork,
  withServer,
} from './world.ts';

const { ca, cert, key } = makeCertificates();
const second = { httpVersion: '2.0', headers: [['host', 'a.test']] } as const;
const ok = [[':status', '200']] as const;

function securely({ port }: Listening) {
  return { host: 'a.test', port, secure: true, address: '127.0.0.1' };
}

/** A server that speaks HTTP/2 over TLS, and HTTP/1.1 where that is allowed. */
function secureServer(allowHTTP1: boolean, connectProtocol = false) {
  const settings = { enableConnectProtocol: connectProtocol };
  return createSecureServer({ cert, key, allowHTTP1, settings }, ({ httpVersion }, response) => {
    response.end(httpVersion);
  });
}

async function ask(network: Network, destination: Listening['destination'], asked = {}) {
  const answer = await network.open(asking(destination, { ...second, ...asked }).exchange);
  return { ...(await readAll(answer)), head: answer.head };
}

describe('many exchanges', () => {
  test('go over one connection at once: a thousand', async () => {
    let open = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const serve: Serve = (stream) => {
      open += 1;
      most = Math.max(most, open);
      stream.resume();
      stream.respond();
      waiting.push(() => stream.end('ok'));
      if (waiting.length === 1_000) for (const answer of waiting) answer();
    };
    await withHttp2(
      serve,
      async (network, { destination, sockets }) => {
        const all = Array.from({ length: 1_000 }, () => ask(network, destination));
        const answers = await Promise.all(all);
        expect(answers.filter(({ text }) => text === 'ok')).toHaveLength(1_000);
        expect(most).toBe(1_000);
        expect(sockets.length).toBe(1);
      },
      { settings: { maxConcurrentStreams: 2_000 } },
    );
  });

  test('go over as many connections as their server wants', async () => {
    const waiting: (() => void)[] = [];
    await withHttp2(
      (stream) => {
        stream.resume();
        waiting.push(() => stream.respond({}, { endStream: true }));
        if (waiting.length === 7) for (const answer of waiting) answer();
      },
      async (network, { destination, sockets }) => {
        await Promise.all(Array.from({ length: 7 }, () => ask(network, destination)));
        expect(sockets.length).toBe(3);
      },
      { settings: { maxConcurrentStreams: 3 } },
    );
  });

  test('wait for one another where there may not be more connections', async () => {
    const waiting: (() => void)[] = [];
    const server = http2Server(
      (stream) => {
        stream.resume();
        waiting.push(() => stream.respond({}, { endStream: true }));
      },
      { settings: { maxConcurrentStreams: 2 } },
    );
    await withServer(server, async ({ destination, sockets }) => {
      await withNetwork({ idleSocketsPerDestination: 2 }, async (network) => {
        const all = Array.from({ length: 6 }, () => ask(network, destination));
        await eventually(() => waiting.length === 4);
        await sleep(30);
        expect(waiting).toHaveLength(4);
        for (const answer of waiting.splice(0)) answer();
        await eventually(() => waiting.length === 2);
        for (const answer of waiting) answer();
        for (const { head } of await Promise.all(all)) expect(head?.status).toBe(200);
        expect(sockets.length).toBe(2);
      });
    });
  });

  test('to nobody all end as one would', async () => {
    await withNetwork({}, async (network) => {
      const nobody = { host: '127.0.0.1', port: 1, secure: false };
      const ended = await Promise.all([1, 2, 3].map(() => ask(network, nobody)));
      expect(ended.map(({ ending }) => ending.type)).toEqual(['refused', 'refused', 'refused']);
    });
  });

  test('of which one leaves while they wait for a connection leave the others to it', async () => {
    // It says nothing until it is let.
    const greet: (() => void)[] = [];
    const serve = framesServer(({ type, id }, say) => {
      if (type === frames.headers) say(fields(id, ok, true));
    });
    await withServer(
      (socket) => void greet.push(() => serve(socket)),
      async ({ destination, sockets }) => {
        await withNetwork({}, async (network) => {
          const [gone, stays] = [asking(destination, second), asking(destination, second)];
          const opened = [network.open(gone.exchange), network.open(stays.exchange)];
          await eventually(() => greet.length === 1);
          gone.leave({ type: 'reset', by: 'client', code: 8 });
          expect((await opened[0])?.ending).toEqual({ type: 'reset', by: 'client', code: 8 });
          for (const begin of greet) begin();
          expect((await opened[1])?.head?.status).toBe(200);
          expect(sockets.length).toBe(1);
        });
      },
    );
  });

  test('of which all leave leave no connection behind', async () => {
    await withServer(
      () => {},
      async ({ destination, sockets }) => {
        await withNetwork({}, async (network) => {
          const live = asking(destination, second);
          const opened = network.open(live.exchange);
          await eventually(() => sockets.length === 1);
          live.leave({ type: 'cut', by: 'client' });
          expect((await opened).ending).toEqual({ type: 'cut', by: 'client' });
          await eventually(() => network.openSockets === 0);
        });
      },
    );
  });
});

describe('a connection that many may use', () => {
  test('is used again, and told apart by destination', async () => {
    const serve: Serve = (stream) => stream.respond({}, { endStream: true });
    await withHttp2(serve, async (network, { destination, sockets }) => {
      for (let round = 0; round < 5; round += 1) await ask(network, destination);
      expect(sockets.length).toBe(1);
      await ask(network, { ...destination, address: '127.0.0.1', host: 'b.example' });
      expect(sockets.length).toBe(2);
    });
  });

  test.each([
    ['GOAWAY', (say: (...bytes: Buffer[]) => void) => say(goaway(1, 0))],
    ['its end', (_say: unknown, end: () => void) => end()],
  ])('is forgotten after %s', async (_what, last) => {
    const serve = framesServer(({ type, id }, say, socket) => {
      if (type !== frames.headers) return;
      say(fields(id, ok, true));
      last(say, () => socket.end());
    });
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        for (const count of [1, 2]) {
          expect((await ask(network, destination)).head?.status).toBe(200);
          expect(sockets.length).toBe(count);
          await eventually(() => network.openSockets === 0);
        }
      });
    });
  });

  test.each([
    ['resets it', 'GET', 2, 'finished'],
    ['resets it', 'POST', 1, 'reset'],
    ['goes away', 'POST', 2, 'finished'],
    ['refuses the stream', 'GET', 1, 'reset'],
  ] as const)('and was idle when its server %s: a %s', async (how, method, ...[count, type]) => {
    const serve = framesServer(({ type: kind, id }, say, socket) => {
      if (kind !== frames.headers) return;
      if (id === 1) return say(fields(id, ok, true));
      if (how === 'resets it') socket.resetAndDestroy();
      else if (how === 'goes away') say(goaway(1, 0));
      else say(Buffer.concat([Buffer.from([0, 0, 4, 3, 0, 0, 0, 0, id, 0, 0, 0, 7])]));
    });
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        await ask(network, destination);
        await sleep(5);
        const { ending } = await ask(network, destination, { method });
        expect(ending.type).toBe(type);
        expect(sockets.length).toBe(count);
      });
    });
  });

  test('on which a server goes away at once is not tried again', async () => {
    const serve = framesServer(({ type }, say) => {
      if (type === frames.headers) say(goaway(0, 0));
    });
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        expect((await ask(network, destination)).ending).toEqual({ type: 'goaway', code: 0 });
        expect(sockets.length).toBe(1);
      });
    });
  });
});

describe('an offer of HTTP/2', () => {
  test.each([
    [['h2', 'http/1.1'], 'h2', '2.0'],
    [['h2'], 'h2', '2.0'],
    [['http/1.1'], 'http/1.1', '1.1'],
  ])('of a client that has %j is answered %s', async (alpn, chosen, version) => {
    await withServer(secureServer(true), async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = securely(listening);
        const offer = await network.offer(destination, { serverName: 'a.test', alpn });
        expect(offer).toMatchObject({ type: 'terms', alpn: chosen });
        expect(offer).not.toHaveProperty('connectProtocol');
        const httpVersion = chosen === 'h2' ? '2.0' : '1.1';
        const { text, head } = await ask(network, destination, { httpVersion });
        expect(text).toBe(version);
        expect(head?.httpVersion).toBe(version);
        // The connection of the offer was the one.
        expect(listening.sockets.length).toBe(1);
        await sleep(5);
        const again = await network.offer(destination, { serverName: 'a.test', alpn });
        expect(again).toMatchObject({ type: 'terms', alpn: chosen });
        expect(listening.sockets.length).toBe(1);
      });
    });
  });

  test('tells whether the server takes WebSockets', async () => {
    await withServer(secureServer(true, true), async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const offer = await network.offer(securely(listening), { alpn: ['h2'] });
        expect(offer).toEqual({ type: 'terms', alpn: 'h2', connectProtocol: true });
      });
    });
  });

  test('leaves each client its own version', async () => {
    const chosen: unknown[] = [];
    const server = secureServer(true);
    server.on('secureConnection', (socket: TLSSocket) => chosen.push(socket.alpnProtocol));
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const destination = securely(listening);
        const versions = ['2.0', '1.1', '2.0', '1.1'];
        for (const httpVersion of versions) {
          expect((await ask(network, destination, { httpVersion })).text).toBe(httpVersion);
        }
        await eventually(() => chosen.length === 2);
        expect(chosen).toEqual(['h2', 'http/1.1']);
        // One that is known to choose HTTP/1.1 out of one has not said what it would out of two.
        const offer = await network.offer(destination, { alpn: ['h2', 'http/1.1'] });
        expect(offer).toMatchObject({ alpn: 'h2' });
      });
    });
  });

  test('is translated where the server would rather speak HTTP/1.1', async () => {
    const server = createTlsServer({ cert, key, ALPNProtocols: ['http/1.1'] }, (socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok'));
    });
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        for (const round of [1, 2]) {
          const { text, head } = await ask(network, securely(listening));
          expect({ round, text, head }).toMatchObject({
            round,
            text: 'ok',
            head: { statusText: 'Fine' },
          });
          await sleep(5);
        }
        expect(listening.sockets.length).toBe(1);
      });
    });
  });

  test('is made to a server that speaks nothing else, whatever the client does', async () => {
    const server = secureServer(false);
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const headers = [
          ['Host', 'a.test'],
          ['X-A', 'b'],
        ] as const;
        const asked = { httpVersion: '1.1', headers };
        expect(await ask(network, securely(listening), asked)).toMatchObject({
          text: '2.0',
          head: { httpVersion: '2.0' },
        });
      });
      await withNetwork({ upstreamCa: [ca], http2: false }, async (network) => {
        const { ending } = await ask(network, securely(listening), { httpVersion: '1.1' });
        expect(ending.type).toBe('tls');
      });
    });
  });

  test('finds out that a server without TLS speaks it, though that one speaks first', async () => {
    const server: Http2Server = http2Server((stream) => stream.respond({}, { endStream: true }));
    await withServer(server, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        const offer = await network.offer(destination);
        if (offer.type !== 'terms') throw new Error('no terms');
        let spoke = false;
        void offer.serverSpoke?.then(() => {
          spoke = true;
        });
        await sleep(30);
        expect(spoke).toBe(false);
        expect((await ask(network, destination)).head?.status).toBe(200);
        expect(sockets.length).toBe(1);
      });
    });
  });

  test('is translated where a server without TLS answers in HTTP/1.1, and not tried for a while', async () => {
    const server = createHttpServer((_request, response) => response.end('first'));
    let connections = 0;
    server.on('connection', () => {
      connections += 1;
    });
    await withServer(server, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        for (const round of [1, 2, 3]) {
          const { text, head } = await ask(network, destination);
          expect([round, text, head?.httpVersion]).toEqual([round, 'first', '1.1']);
          await sleep(5);
        }
        expect(connections).toBe(2);
      });
    });
  });

  test('ends as its server does', async () => {
    const server = createTlsServer({ cert, key, ALPNProtocols: ['h2'] }, (socket) => socket.end());
    await withServer(server, async (listening) => {
      await withNetwork({ upstreamCa: [ca] }, async (network) => {
        const offer = await network.offer(securely(listening), { alpn: ['h2'] });
        expect(offer).toEqual({ type: 'ended', ending: { type: 'cut', by: 'server' } });
      });
    });
  });
});

test('a text of a body over HTTP/2 and TLS is whole', async () => {
  const text = 'x'.repeat(1_000_000);
  const server = createSecureServer({ cert, key }, (_request, response) => response.end(text));
  await withServer(server, async (listening) => {
    await withNetwork({ upstreamCa: [ca] }, async (network) => {
      const answer = await network.open(asking(securely(listening), second).exchange);
      expect(await textOf(answer.body)).toBe(text);
    });
  });
});
