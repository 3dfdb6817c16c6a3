import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Part } from '../../src/exchange/conversation.ts';
import type { UpstreamProxy } from '../../src/network/proxy.ts';
import { authorization, createBypass, refusal } from '../../src/network/proxy.ts';
import { createChannel } from '../../src/support/channel.ts';
import type { Listening } from './world.ts';
import {
  asking,
  eventually,
  heard,
  makeCertificates,
  partsOf,
  sleep,
  streaming,
  textOf,
  withNetwork,
  withServer,
} from './world.ts';

const { ca, cert, key } = makeCertificates();
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function proxyAt({ port }: Listening, more: Partial<UpstreamProxy> = {}): UpstreamProxy {
  return { host: '127.0.0.1', port, secure: false, noProxy: [], ...more };
}

/** A proxy that tunnels to one server, whatever is asked for; `asked` hears each CONNECT. */
function tunnels(server: Server, target: () => number, asked: (line: string) => void): Server {
  return server.on('connect', (request, socket, head) => {
    const authorized = request.headers['proxy-authorization'] ?? 'nobody';
    asked(`${request.url} for ${authorized} host ${request.headers.host}`);
    const onward = connect({ port: target(), host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });
}

describe('plain HTTP through a proxy', () => {
  test('has whole URLs and credentials, and shares its connections', async () => {
    const requests: string[] = [];
    const serve = (socket: Socket): void =>
      void socket.on('data', (bytes: Buffer) => {
        requests.push(bytes.toString('latin1'));
        socket.write(ok);
      });
    await withServer(serve, async (listening) => {
      const upstreamProxy = proxyAt(listening, { credentials: 'me:s3cret' });
      await withNetwork({ upstreamProxy }, async (network) => {
        const first = { host: 'a.example', port: 80, secure: false };
        const second = { host: 'b.example', port: 8080, secure: false };
        const ask = async (asked: ReturnType<typeof asking>): Promise<void> => {
          expect(await textOf((await network.open(asked.exchange)).body)).toBe('ok');
          await sleep(5);
        };
        await ask(asking(first, { path: '/x?y', headers: [['X', '1']] }));
        await ask(asking(second, { method: 'OPTIONS', path: '*', headers: [['X', '2']] }));
        const credentials = `Proxy-Authorization: Basic ${btoa('me:s3cret')}\r\n\r\n`;
        expect(requests).toEqual([
          `GET http://a.example/x?y HTTP/1.1\r\nX: 1\r\n${credentials}`,
          `OPTIONS http://b.example:8080 HTTP/1.1\r\nX: 2\r\n${credentials}`,
        ]);
        expect(listening.sockets.length).toBe(1);
      });
    });
  });

  test('that asks for credentials is a failure which names it', async () => {
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then(() =>
        socket.write(
          'HTTP/1.1 407 Authenticate\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
        ),
      );
    };
    await withServer(serve, async (listening) => {
      await withNetwork({ upstreamProxy: proxyAt(listening) }, async (network) => {
        const destination = { host: 'a.example', port: 80, secure: false };
        const answer = await network.open(asking(destination).exchange);
        expect(answer.outcome).toBe('failed');
        expect(answer.failure).toMatchObject({
          code: 'UPSTREAM_PROXY_REFUSED',
          message: `127.0.0.1:${listening.port} answered 407, asking for Basic realm="x"`,
        });
        await eventually(() => network.openSockets === 0);
      });
    });
  });

  test('goes past it where the list says so', async () => {
    const serve = (socket: Socket): void => void socket.on('data', () => socket.write(ok));
    await withServer(serve, async ({ destination }) => {
      const upstreamProxy = { host: '127.0.0.1', port: 1, secure: false, noProxy: ['127.0.0.0/8'] };
      await withNetwork({ upstreamProxy }, async (network) => {
        expect(await textOf((await network.open(asking(destination).exchange)).body)).toBe('ok');
      });
    });
  });
});

describe('a tunnel through a proxy', () => {
  test('carries TLS, WebSockets and raw bytes, and what an offer kept', async () => {
    const asked: string[] = [];
    const server = createHttpsServer({ cert, key }, (_request, response) => response.end('ok'));
    await withServer(server, async (target) => {
      const proxy = tunnels(
        createServer(),
        () => target.port,
        (line) => asked.push(line),
      );
      await withServer(proxy, async (listening) => {
        const upstreamProxy = proxyAt(listening, { credentials: 'me:s3cret' });
        await withNetwork({ upstreamProxy, upstreamCa: [ca] }, async (network) => {
          const destination = { host: 'a.test', port: 443, secure: true };
          expect(await network.offer({ ...destination, secure: false })).toMatchObject({
            type: 'terms',
          });
          const offer = await network.offer(destination, { alpn: ['http/1.1'] });
          expect(offer).toMatchObject({ type: 'terms', alpn: 'http/1.1' });
          const answer = await network.open(asking(destination).exchange);
          expect(await textOf(answer.body)).toBe('ok');
          expect(asked).toEqual([`a.test:443 for Basic ${btoa('me:s3cret')} host a.test:443`]);
        });
      });
    });
  });

  test('carries a server that speaks first, in the same packet as the proxy', async () => {
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then(() =>
        socket.end('HTTP/1.1 200 OK\r\nX: y\r\n\r\n220 hello'),
      );
    };
    await withServer(serve, async (listening) => {
      await withNetwork({ upstreamProxy: proxyAt(listening) }, async (network) => {
        const destination = { host: '::1', port: 25, secure: false };
        const answer = await network.open(streaming(destination, partsOf()).exchange);
        expect(await textOf(answer.body)).toBe('220 hello');
        expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
      });
    });
  });

  test('is what a WebSocket takes, plain or not', async () => {
    const asked: string[] = [];
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then((head) => {
        asked.push(head.split('\r\n')[0] ?? '');
        socket.end('HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi');
      });
    };
    await withServer(serve, async (target) => {
      const proxy = tunnels(
        createServer(),
        () => target.port,
        (line) => asked.push(line),
      );
      await withServer(proxy, async (listening) => {
        await withNetwork({ upstreamProxy: proxyAt(listening) }, async (network) => {
          const headers = [['Upgrade', 'websocket']] as const;
          const body = partsOf();
          const destination = { host: 'a.example', port: 80, secure: false };
          const live = asking(destination, { kind: 'websocket', path: '/ws', headers, body });
          const answer = await network.open(live.exchange);
          expect(answer.head?.status).toBe(101);
          expect(await textOf(answer.body)).toBe('hi');
          expect(asked).toEqual(['a.example:80 for nobody host a.example:80', 'GET /ws HTTP/1.1']);
        });
      });
    });
  });

  test('may lead through a proxy over TLS, and through two proxies in a row', async () => {
    const server = createHttpsServer({ cert, key }, (_request, response) => response.end('ok'));
    const asked: string[] = [];
    await withServer(server, async (target) => {
      const inner = tunnels(
        createServer(),
        () => target.port,
        (line) => asked.push(`2 ${line}`),
      );
      await withServer(inner, async (second) => {
        const outer = createHttpsServer({ cert, key });
        // The first proxy sends everything on to the second, and asks it for the same.
        outer.on('connect', (request, socket) => {
          asked.push(`1 ${request.url}`);
          const onward = connect({ port: second.port, host: '127.0.0.1' });
          onward.write(`CONNECT ${request.url} HTTP/1.1\r\nHost: ${request.url}\r\n\r\n`);
          onward.on('error', () => socket.destroy());
          socket.on('error', () => onward.destroy());
          socket.pipe(onward).pipe(socket);
        });
        await withServer(outer, async (listening) => {
          const upstreamProxy = proxyAt(listening, { secure: true });
          await withNetwork({ upstreamProxy, upstreamCa: [ca] }, async (network) => {
            const destination = { host: 'a.test', port: 443, secure: true };
            const answer = await network.open(asking(destination).exchange);
            expect(await textOf(answer.body)).toBe('ok');
            expect(asked).toEqual(['1 a.test:443', '2 a.test:443 for nobody host a.test:443']);
          });
        });
      });
    });
  });

  test('lets a client’s RST reach the proxy', async () => {
    let error = '';
    const serve = (socket: Socket): void => {
      socket.on('error', (cause) => {
        error = 'code' in cause ? String(cause.code) : '';
      });
      void heard(socket, '\r\n\r\n').then(() => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    };
    await withServer(serve, async (listening) => {
      await withNetwork({ upstreamProxy: proxyAt(listening) }, async (network) => {
        const destination = { host: 'a.example', port: 25, secure: false };
        const live = streaming(destination, createChannel<Part>());
        await network.open(live.exchange);
        live.leave({ type: 'reset', by: 'client' });
        await eventually(() => error === 'ECONNRESET');
      });
    });
  });
});

describe('a proxy that does not let us through', () => {
  test.each([
    ['refuses', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'answered 403 Forbidden (CONNECT a.test:443)'],
    ['asks', 'HTTP/1.1 407 Auth\r\n\r\n', 'answered 407 Auth (CONNECT a.test:443)'],
    ['fails', 'HTTP/1.1 502 Bad\r\n\r\nwords', 'answered 502 Bad (CONNECT a.test:443)'],
    ['hangs up', '', 'hung up: ECONNRESET (CONNECT a.test:443)'],
    ['talks nonsense', 'SSH-2.0\r\n', 'hung up: HPE_INVALID_CONSTANT (CONNECT a.test:443)'],
  ])('because it %s is a failure', async (_what, bytes, words) => {
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then(() => socket.end(bytes));
    };
    await withServer(serve, async (listening) => {
      const upstreamProxy = proxyAt(listening, { credentials: 'me:s3cret' });
      await withNetwork({ upstreamProxy }, async (network) => {
        const destination = { host: 'a.test', port: 443, secure: true };
        const { failure } = await network.open(asking(destination).exchange);
        expect(failure?.code).toBe('UPSTREAM_PROXY_REFUSED');
        expect(failure?.message).toBe(`127.0.0.1:${listening.port} ${words}`);
        // Accepted, so that the failure can be told inside the protocol.
        expect(await network.offer(destination, { alpn: [] })).toEqual({ type: 'unknown' });
        await eventually(() => network.openSockets === 0);
      });
    });
  });

  test.each([
    [false, 'could not be reached: ECONNREFUSED'],
    [true, 'could not be reached: ECONNREFUSED'],
  ])('because it is not there (secure: %s) is a failure', async (secure, words) => {
    const upstreamProxy = { host: '127.0.0.1', port: 1, secure, noProxy: [] };
    await withNetwork({ upstreamProxy }, async (network) => {
      const plain = { host: 'a.example', port: 80, secure: false };
      for (const destination of [plain, { ...plain, secure: true }]) {
        const { failure } = await network.open(asking(destination).exchange);
        expect(failure).toMatchObject({
          code: 'UPSTREAM_PROXY_REFUSED',
          message: `127.0.0.1:1 ${words}`,
        });
      }
    });
  });

  test('because its certificate is bad is a failure', async () => {
    await withServer(createHttpsServer({ cert, key }), async (listening) => {
      const upstreamProxy = proxyAt(listening, { secure: true });
      await withNetwork({ upstreamProxy }, async (network) => {
        const destination = { host: 'a.example', port: 80, secure: false };
        const { failure } = await network.open(asking(destination).exchange);
        expect(failure?.message).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
      });
    });
  });

  test('or to which the client did not wait, is left alone', async () => {
    await withServer(
      (socket) => socket.resume(),
      async (listening) => {
        await withNetwork({ upstreamProxy: proxyAt(listening) }, async (network) => {
          const live = asking({ host: 'a.test', port: 443, secure: true });
          const opened = network.open(live.exchange);
          await eventually(() => (listening.sockets[0]?.bytesRead ?? 0) > 0);
          live.leave({ type: 'reset', by: 'client' });
          expect(await opened).toMatchObject({ ending: { type: 'reset', by: 'client' } });
          await eventually(() => network.openSockets === 0);
        });
      },
    );
  });
});

describe('the list of destinations past the proxy', () => {
  test.each([
    ['a.example', ['a.example', 'b.a.example']],
    ['.example', ['a.example', 'b.a.example']],
    ['*.A.Example', ['b.a.example']],
    ['10.0.0.0/8', ['10.1.2.3']],
    ['10.1.2.3', ['10.1.2.3']],
    ['::1', ['::1']],
    ['*', ['a.example', 'b.a.example', 'aa.example.org', '10.1.2.3', '::1']],
  ])('%s names %j', (entry, expected) => {
    const bypasses = createBypass([entry]);
    const hosts = ['a.example', 'b.a.example', 'aa.example.org', '10.1.2.3', '::1'];
    const named = hosts.filter((host) => bypasses({ host, port: 80, secure: false }));
    expect(named).toEqual(expected);
  });

  test('looks at the address that the kernel named, too', () => {
    const bypasses = createBypass(['10.0.0.0/8']);
    const destination = { host: 'a.example', port: 80, secure: false };
    expect(bypasses({ ...destination, address: '10.0.0.1' })).toBe(true);
    expect(bypasses(destination)).toBe(false);
  });
});

test('credentials are Basic in UTF-8, and never in a failure', () => {
  const proxy = { host: 'p', port: 1, secure: false, credentials: 'é:x', noProxy: [] };
  expect(authorization(proxy)).toEqual(['Proxy-Authorization', 'Basic w6k6eA==']);
  expect(authorization({ host: 'p', port: 1, secure: false, noProxy: [] })).toEqual([]);
  expect(refusal(proxy, 'answered 403').message).toBe('p:1 answered 403');
});
