import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import type { NetworkOptions } from '../../src/network/network.ts';
import { createChannel } from '../../src/support/channel.ts';
import type { Part } from '../../src/exchange/conversation.ts';
import type { Asked } from './world.ts';
import {
  asking,
  bytesOf,
  eventually,
  heard,
  part,
  partsOf,
  sleep,
  textOf,
  withNetwork,
  withServer,
} from './world.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Answers one request with some bytes, and hands back all that came of the exchange. */
async function answeredWith(
  respond: (socket: Socket, request: string) => void,
  asked: Asked = {},
): Promise<{ answer: Answer; text: string | undefined; ending: Ending; request: string }> {
  let result: Awaited<ReturnType<typeof answeredWith>> | undefined;
  let request = '';
  const serve = (socket: Socket): void => {
    void heard(socket, '\r\n\r\n').then((text) => {
      request = text;
      respond(socket, text);
    });
  };
  await withServer(serve, async ({ destination }) => {
    await withNetwork({}, async (network) => {
      const { exchange } = asking(destination, asked);
      const answer = await network.open(exchange);
      const text = await textOf(answer.body);
      result = { answer, text, ending: await answer.ending, request };
    });
  });
  if (result === undefined) throw new Error('no answer');
  return result;
}

/** The bytes of one request on the wire. */
async function sent(
  asked: Asked,
  until = '\r\n\r\n',
  options: Partial<NetworkOptions> = {},
): Promise<string> {
  let text = '';
  const serve = (socket: Socket): void => {
    void heard(socket, until).then((bytes) => {
      text = bytes;
      socket.write(ok);
    });
  };
  await withServer(serve, async ({ destination }) => {
    await withNetwork(options, async (network) => {
      const answer = await network.open(asking(destination, asked).exchange);
      expect(await textOf(answer.body)).toBe('ok');
    });
  });
  return text;
}

describe('a request on the wire', () => {
  test('is the head as the client sent it, and nothing more', async () => {
    const headers = [
      ['x-B', '1'],
      ['hOST', 'a.example'],
      ['Accept', '*/*'],
      ['X-b', '2'],
      ['x-B', ''],
      ['X-Latin', 'caf\u00e9'],
    ] as const;
    expect(await sent({ path: '/a?b=c%20d&b', headers })).toBe(
      'GET /a?b=c%20d&b HTTP/1.1\r\nx-B: 1\r\nhOST: a.example\r\nAccept: */*\r\nX-b: 2\r\nx-B: \r\nX-Latin: caf\u00e9\r\n\r\n',
    );
  });

  test.each(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    'has no framing where a %s had none',
    async (method) => {
      expect(await sent({ method })).toBe(`${method} / HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    },
  );

  test('has not even a host where the client sent none', async () => {
    expect(await sent({ headers: [] })).toBe('GET / HTTP/1.1\r\n\r\n');
  });

  test('gets a host where it came in a version that needed none', async () => {
    expect(await sent({ headers: [['A', 'b']], httpVersion: '1.0' })).toMatch(
      /^GET \/ HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nA: b\r\n\r\n$/,
    );
  });

  test('keeps hop-by-hop headers for itself', async () => {
    const headers = [
      ['Host', 'a.example'],
      ['Connection', 'close, X-Hop'],
      ['X-Hop', '1'],
      ['Proxy-Authorization', 'Basic eA=='],
      ['TE', 'trailers'],
    ] as const;
    expect(await sent({ headers })).toBe(
      'GET / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\n\r\n',
    );
  });

  test.each(['POST', 'DELETE', 'GET'])('sends the body of a %s by its length', async (method) => {
    const headers = [
      ['Content-Length', '5'],
      ['Host', 'a'],
    ] as const;
    const wire = `${method} / HTTP/1.1\r\nContent-Length: 5\r\nHost: a\r\n\r\nhello`;
    const asked = { method, headers };
    expect(await sent({ ...asked, body: Buffer.from('hello') }, 'hello')).toBe(wire);
    expect(await sent({ ...asked, body: partsOf('he', 'llo') }, 'hello')).toBe(wire);
  });

  test.each(['POST', 'DELETE', 'OPTIONS'])('sends a chunked %s with trailers', async (method) => {
    const headers = [
      ['Host', 'a'],
      ['transfer-Encoding', 'chunked'],
      ['Trailer', 'X-Sum'],
    ] as const;
    const asked = { method, headers, trailers: [['X-sUM', '7']] as const };
    expect(await sent({ ...asked, body: partsOf('hel', 'lo') }, '7\r\n\r\n')).toBe(
      `${method} / HTTP/1.1\r\nHost: a\r\ntransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nX-sUM: 7\r\n\r\n`,
    );
  });

  test('never sends bytes that would be the next request', async () => {
    expect(await sent({ method: 'POST', body: partsOf('GET /evil HTTP/1.1\r\n\r\n') })).toBe(
      'POST / HTTP/1.1\r\nHost: a.example\r\n\r\n',
    );
  });

  test('is chunked where HTTP/2 framed it', async () => {
    const asked = { method: 'POST', httpVersion: '2.0', body: partsOf('hi') };
    expect(await sent(asked, '0\r\n\r\n', { http2: false })).toBe(
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a.example\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    );
  });

  test('that Node cannot send is a failure, not a crash', async () => {
    await withServer(
      () => {},
      async ({ destination }) => {
        await withNetwork({}, async (network) => {
          const answer = await network.open(asking(destination, { path: '/a b' }).exchange);
          expect(answer.failure?.code).toBe('MALFORMED_HTTP');
          expect(answer.outcome).toBe('failed');
        });
      },
    );
  });
});

describe('an answer', () => {
  test('keeps names, order, repetition and a strange status text', async () => {
    const { answer, text, ending } = await answeredWith((socket) => {
      socket.write(
        'HTTP/1.1 299 Very   fine\r\nset-Cookie: a\r\nX: \r\nSet-Cookie: b\r\nConnection: keep-alive\r\nset-cookie: c\r\nKeep-Alive: timeout=5\r\nContent-Length: 3\r\n\r\nabc',
      );
    });
    expect(answer.head).toEqual({
      status: 299,
      statusText: 'Very   fine',
      httpVersion: '1.1',
      headers: [
        ['set-Cookie', 'a'],
        ['X', ''],
        ['Set-Cookie', 'b'],
        ['set-cookie', 'c'],
        ['Content-Length', '3'],
      ],
    });
    expect(text).toBe('abc');
    expect(ending).toEqual({ type: 'finished', trailers: [] });
    expect(answer.outcome).toBe('forwarded');
  });

  test('keeps 1,500 headers', async () => {
    const lines = Array.from({ length: 1_500 }, (_, at) => `X-${at}: ${at}\r\n`).join('');
    const { answer } = await answeredWith((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n\r\n`);
    });
    expect(answer.head?.headers).toHaveLength(1_501);
  });

  test.each([
    ['HTTP/1.1 200 ', { statusText: '', httpVersion: '1.1' }],
    ['HTTP/1.0 200 OK', { statusText: 'OK', httpVersion: '1.0' }],
  ])('keeps the status line %j', async (line, facts) => {
    const { answer } = await answeredWith((socket) => {
      socket.write(`${line}\r\nContent-Length: 0\r\n\r\n`);
    });
    expect(answer.head).toMatchObject(facts);
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', undefined],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', undefined],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
    ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', ''],
    ['GET', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n', 'hi'],
  ])('to %s by %j has the body %j', async (method, bytes, expected) => {
    const whole = await answeredWith((socket) => socket.write(bytes), { method });
    expect(whole.text).toBe(expected);
    expect(whole.ending).toEqual({ type: 'finished', trailers: [] });
    const slow = await answeredWith(
      (socket) => {
        const at = bytes.indexOf('\r\n\r\n') + 4;
        socket.write(bytes.slice(0, at));
        setTimeout(() => socket.write(bytes.slice(at)), 20);
      },
      { method },
    );
    expect(slow.text).toBe(expected);
    expect(slow.ending).toEqual({ type: 'finished', trailers: [] });
  });

  test('may end with its connection', async () => {
    const head = 'HTTP/1.1 200 OK\r\n\r\n';
    for (const bytes of [`${head}abc`, head]) {
      const { text, ending } = await answeredWith((socket) => socket.end(bytes));
      expect(text).toBe(bytes.slice(head.length));
      expect(ending).toEqual({ type: 'finished', trailers: [] });
    }
  });

  test('that ends with its connection is not whole after a RST', async () => {
    const { text, ending } = await answeredWith((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nabc', () =>
        setTimeout(() => socket.resetAndDestroy(), 20),
      );
    });
    expect(text).toBe('abc');
    expect(ending).toEqual({ type: 'reset', by: 'server' });
  });

  test('has its trailers as they came', async () => {
    const bytes = '2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n';
    for (const pause of [0, 20]) {
      const { ending } = await answeredWith((socket) => {
        const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
        if (pause === 0) return socket.write(head + bytes);
        socket.write(head);
        return setTimeout(() => socket.write(bytes), pause);
      });
      expect(ending).toEqual({
        type: 'finished',
        trailers: [
          ['X-Sum', '1'],
          ['x-sum', '2'],
        ],
      });
    }
  });

  test('may end before the request does', async () => {
    const body = createChannel<Part>();
    void body.push(part('12345'));
    const headers = [['Content-Length', '10']] as const;
    const early = 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
    const respond = (socket: Socket): void => void socket.end(early);
    const { answer, ending } = await answeredWith(respond, { method: 'POST', headers, body });
    expect(answer.head?.status).toBe(413);
    expect(ending.type).toBe('finished');
  });
});

describe('interim heads', () => {
  test('come with their headers before the answer', async () => {
    await withServer(
      (socket) => {
        void heard(socket, '\r\n\r\n').then(() => {
          socket.write('HTTP/1.1 102 Processing\r\n\r\n');
          socket.write('HTTP/1.1 103 Early\r\nLink: </a>\r\nlink: </b>\r\n\r\n');
          socket.write(ok);
        });
      },
      async ({ destination }) => {
        await withNetwork({}, async (network) => {
          const { exchange, informed } = asking(destination);
          expect((await network.open(exchange)).head?.status).toBe(200);
          expect(informed).toEqual([
            { status: 102, statusText: 'Processing', headers: [], httpVersion: '1.1' },
            {
              status: 103,
              statusText: 'Early',
              headers: [
                ['Link', '</a>'],
                ['link', '</b>'],
              ],
              httpVersion: '1.1',
            },
          ]);
        });
      },
    );
  });

  test('without end are a broken server', async () => {
    const { answer, ending } = await answeredWith((socket) => {
      socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(200));
    });
    expect(answer.head).toBeUndefined();
    expect(ending).toEqual({ type: 'reset', by: 'server' });
  });

  test('tell a client that it may go on, and not a byte of the body goes before', async () => {
    const body = createChannel<Part>();
    const order: string[] = [];
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then(async (head) => {
        order.push(head);
        const rest = heard(socket, 'hello');
        socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        order.push(await rest);
        socket.write(ok);
      });
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const headers = [
          ['Expect', '100-continue'],
          ['Content-Length', '5'],
        ] as const;
        const live = asking(destination, { method: 'POST', headers, body });
        const opened = network.open(live.exchange);
        await eventually(() => live.informed.length === 1);
        expect(live.informed[0]).toMatchObject({ status: 100, statusText: 'Continue' });
        void body.push(part('hello'));
        body.end();
        expect((await opened).head?.status).toBe(200);
        expect(order).toEqual([
          'POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
          'hello',
        ]);
      });
    });
  });

  test.each([
    ['417', undefined],
    ['200', 'hello'],
  ])('do not have to come: %s', async (status, body) => {
    const channel = createChannel<Part>();
    if (body !== undefined) void channel.push(part(body));
    if (body !== undefined) channel.end();
    const headers = [
      ['Expect', '100-continue'],
      ['Content-Length', '5'],
    ] as const;
    const { answer } = await answeredWith(
      (socket) => socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`),
      { method: 'PUT', headers, body: channel },
    );
    expect(answer.head?.status).toBe(Number(status));
  });
});

describe('connections', () => {
  test('are used again, one after the other, and told apart by destination', async () => {
    const server = createServer((_request, response) => response.end('ok'));
    await withServer(server, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        for (let round = 0; round < 5; round += 1) {
          const answer = await network.open(asking(destination).exchange);
          expect(await textOf(answer.body)).toBe('ok');
          await sleep(1);
        }
        expect(sockets.length).toBe(1);
        const other = { ...destination, address: '127.0.0.1', host: 'b.example' };
        await textOf((await network.open(asking(other).exchange)).body);
        expect(sockets.length).toBe(2);
      });
    });
  });

  test('are as many as there are exchanges at once, and all are kept', async () => {
    const server = createServer((_request, response) => setTimeout(() => response.end('ok'), 30));
    await withServer(server, async ({ destination, sockets }) => {
      await withNetwork({ idleSocketsPerDestination: 3 }, async (network) => {
        const ask = async (): Promise<string | undefined> =>
          textOf((await network.open(asking(destination).exchange)).body);
        await Promise.all([1, 2, 3, 4, 5].map(ask));
        await eventually(() => network.openSockets === 3);
        expect(sockets.length).toBe(5);
        await Promise.all([1, 2, 3].map(ask));
        expect(sockets.length).toBe(5);
      });
    });
  });

  test('are not used again after "Connection: close" or an HTTP/1.0 answer', async () => {
    for (const head of ['HTTP/1.1 200 OK\r\nConnection: close', 'HTTP/1.0 200 OK']) {
      const serve = (socket: Socket): void => {
        socket.on('data', () => socket.write(`${head}\r\nContent-Length: 2\r\n\r\nok`));
      };
      await withServer(serve, async ({ destination, sockets }) => {
        await withNetwork({}, async (network) => {
          for (const count of [1, 2]) {
            await textOf((await network.open(asking(destination).exchange)).body);
            await sleep(5);
            expect(sockets.length).toBe(count);
          }
        });
      });
    }
  });

  test('that died while idle are replaced, once, for what may be repeated', async () => {
    // The second request on a connection finds it reset: the server closes as it comes.
    const serve = (socket: Socket): void => {
      socket.once('data', () => {
        socket.write(ok);
        socket.once('data', () => socket.resetAndDestroy());
      });
    };
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        const ask = async (method: string): Promise<string> => {
          const answer = await network.open(asking(destination, { method }).exchange);
          await textOf(answer.body);
          await sleep(2);
          return (await answer.ending).type;
        };
        expect(await ask('GET')).toBe('finished');
        expect(await ask('GET')).toBe('finished');
        expect(sockets.length).toBe(2);
        expect(await ask('POST')).toBe('reset');
        expect(sockets.length).toBe(2);
      });
    });
  });

  test('on which a new server dies are not tried again', async () => {
    await withServer(
      (socket) => socket.once('data', () => socket.end()),
      async ({ destination, sockets }) => {
        await withNetwork({}, async (network) => {
          const answer = await network.open(asking(destination).exchange);
          expect(answer).toMatchObject({ ending: { type: 'cut', by: 'server' } });
          expect(sockets.length).toBe(1);
        });
      },
    );
  });

  test('that say something between two exchanges are not trusted', async () => {
    const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
    const serve = (socket: Socket, count: number): void => {
      socket.on('data', () => {
        socket.write(ok);
        if (count === 0) setTimeout(() => socket.write(poison), 10);
      });
    };
    await withServer(serve, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        expect(await textOf((await network.open(asking(destination).exchange)).body)).toBe('ok');
        await sleep(30);
        expect(await textOf((await network.open(asking(destination).exchange)).body)).toBe('ok');
        expect(sockets.length).toBe(2);
      });
    });
  });
});

describe('a client that leaves', () => {
  test.each([
    ['with a RST', { type: 'reset', by: 'client' }, { type: 'reset', by: 'client' }],
    ['giving up', { type: 'cut', by: 'client' }, { type: 'cut', by: 'client' }],
    ['without a word', undefined, { type: 'cut', by: 'client' }],
  ] as const)(
    '%s takes the connection of a hanging server with it',
    async (_how, reason, ending) => {
      let error = '';
      let ended = false;
      const serve = (socket: Socket): void => {
        socket.on('error', (cause) => {
          error = 'code' in cause ? String(cause.code) : '';
        });
        socket.on('end', () => {
          ended = true;
        });
        socket.resume();
      };
      await withServer(serve, async ({ destination, sockets }) => {
        await withNetwork({}, async (network) => {
          const { exchange, leave } = asking(destination);
          const opened = network.open(exchange);
          await eventually(() => (sockets[0]?.bytesRead ?? 0) > 0);
          leave(reason);
          expect(await opened).toMatchObject({ ending, body: undefined });
          await eventually(() => error !== '' || ended);
          expect(error).toBe(reason?.type === 'reset' ? 'ECONNRESET' : '');
          expect(network.openSockets).toBe(0);
        });
      });
    },
  );

  test('amid the answer ends its parts', async () => {
    await withServer(
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'),
      async ({ destination, sockets }) => {
        await withNetwork({}, async (network) => {
          const { exchange, leave } = asking(destination);
          const answer = await network.open(exchange);
          setTimeout(() => leave({ type: 'reset', by: 'client' }), 20);
          expect(await textOf(answer.body)).toBe('abc');
          expect(await answer.ending).toEqual({ type: 'reset', by: 'client' });
          await eventually(() => sockets[0]?.destroyed === true);
        });
      },
    );
  });

  test('before it began is not even asked for', async () => {
    await withServer(
      () => {},
      async ({ destination }) => {
        await withNetwork({}, async (network) => {
          const { exchange, leave } = asking(destination);
          leave({ type: 'reset', by: 'client' });
          const answer = await network.open(exchange);
          expect(answer.ending).toEqual({ type: 'reset', by: 'client' });
        });
      },
    );
  });

  test.each([
    ['by length', [['Content-Length', '10']]],
    ['chunked', [['Transfer-Encoding', 'chunked']]],
  ] as const)('amid its body (%s) leaves the server a torn request', async (_how, headers) => {
    let text = '';
    let closed = false;
    const serve = (socket: Socket): void => {
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
      });
      socket.on('close', () => {
        closed = true;
      });
      socket.on('end', () => socket.end());
    };
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const body = createChannel<Part>();
        const live = asking(destination, { method: 'POST', headers, body });
        const opened = network.open(live.exchange);
        await body.push(part('12345'));
        await eventually(() => text.includes('12345'));
        body.end();
        live.leave({ type: 'cut', by: 'client' });
        expect((await opened).ending).toEqual({ type: 'cut', by: 'client' });
        await eventually(() => closed);
        expect(text).not.toContain('\r\n0\r\n');
      });
    });
  });

  test('by an error in its body, too', async () => {
    async function* torn(): AsyncGenerator<Part> {
      yield part('12345');
      throw new Error('torn');
    }
    await withServer(
      (socket) => socket.resume(),
      async ({ destination }) => {
        await withNetwork({}, async (network) => {
          const headers = [['Content-Length', '10']] as const;
          const { exchange } = asking(destination, { method: 'POST', headers, body: torn() });
          expect((await network.open(exchange)).ending).toEqual({ type: 'cut', by: 'client' });
        });
      },
    );
  });

  test('after a whole answer leaves the connection to the next', async () => {
    const server = createServer((_request, response) => response.end('ok'));
    await withServer(server, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        const { exchange, leave } = asking(destination);
        await textOf((await network.open(exchange)).body);
        await sleep(5);
        leave({ type: 'cut', by: 'client' });
        await textOf((await network.open(asking(destination).exchange)).body);
        expect(sockets.length).toBe(1);
      });
    });
  });

  test('by reading no further closes the connection', async () => {
    await withServer(
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'),
      async ({ destination }) => {
        await withNetwork({}, async (network) => {
          const answer = await network.open(asking(destination).exchange);
          if (answer.body === undefined || Buffer.isBuffer(answer.body))
            throw new Error('no parts');
          for await (const { bytes } of answer.body) {
            expect(bytes.toString()).toBe('abc');
            break;
          }
          expect(await answer.ending).toEqual({ type: 'cut', by: 'client' });
          await eventually(() => network.openSockets === 0);
        });
      },
    );
  });
});

describe('a server that breaks', () => {
  test.each([
    ['no HTTP at all', 'SSH-2.0-x\r\n'],
    ['a bad length', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a head of 300 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(307_200)}\r\n\r\n`],
    [
      'an upgrade nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
  ])('the protocol with %s', async (_what, bytes) => {
    const { answer, ending } = await answeredWith((socket) => socket.write(bytes));
    expect(answer.head).toBeUndefined();
    expect(ending).toEqual({ type: 'reset', by: 'server' });
  });

  test('the protocol amid its body', async () => {
    const { text, ending } = await answeredWith((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
      setTimeout(() => socket.write('nonsense\r\n'), 20);
    });
    expect(text).toBe('abc');
    expect(ending).toEqual({ type: 'reset', by: 'server' });
  });

  const whole =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n';
  test.each([
    ['closes', 'cut'],
    ['resets', 'reset'],
  ] as const)('off: %s after the n-th byte', async (how, type) => {
    const serve = (socket: Socket): void => {
      void heard(socket, '\r\n\r\n').then((request) => {
        const count = Number(/^GET \/(\d+)/.exec(request)?.[1]);
        socket.write(whole.slice(0, count), () => {
          if (how === 'closes') socket.end();
          // The bytes must be read before the RST overtakes them.
          else setTimeout(() => socket.resetAndDestroy(), 15);
        });
      });
    };
    const bodyAt = whole.indexOf('\r\n\r\n') + 4;
    await withServer(serve, async ({ destination }) => {
      await withNetwork({}, async (network) => {
        const tried = Array.from({ length: whole.length + 1 }, async (_, count) => {
          const answer = await network.open(asking(destination, { path: `/${count}` }).exchange);
          const text = await textOf(answer.body);
          return { count, head: answer.head, text, ending: await answer.ending };
        });
        for (const { count, head, text, ending } of await Promise.all(tried)) {
          expect([count, head !== undefined]).toEqual([count, count >= bodyAt]);
          const last = count === whole.length;
          const expected = last
            ? { type: 'finished', trailers: [['X', 'y']] }
            : { type, by: 'server' };
          expect([count, ending]).toEqual([count, expected]);
          const bytes = [3, 4, 5].map((at) => (count > bodyAt + at ? 'abc'[at - 3] : '')).join('');
          if (head !== undefined && count < bodyAt + 8)
            expect([count, text]).toEqual([count, bytes]);
          if (last) expect(text).toBe('abcde');
        }
        await eventually(() => network.openSockets <= 1);
      });
    });
  });
});

describe('back-pressure', () => {
  const size = 64 * 1024 * 1024;

  test('stops the server while nobody reads', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Length': size });
      const piece = Buffer.alloc(65_536, 'x');
      let left = size;
      const pump = (): void => {
        while (left > 0) {
          left -= piece.length;
          if (!response.write(piece)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    });
    await withServer(server, async ({ destination, sockets }) => {
      await withNetwork({}, async (network) => {
        const answer = await network.open(asking(destination).exchange);
        await sleep(200);
        const before = sockets[0]?.bytesWritten ?? 0;
        await sleep(100);
        // What the kernel's buffers hold is out of our hands; the rest stands still.
        expect(sockets[0]?.bytesWritten).toBe(before);
        expect(before).toBeLessThan(size / 2);
        expect((await bytesOf(answer.body))?.length).toBe(size);
      });
    });
  });

  test('stops the client while the server does not read', async () => {
    let pulled = 0;
    async function* much(): AsyncGenerator<Part> {
      for (; pulled < size; pulled += 65_536) yield part(Buffer.alloc(65_536));
    }
    await withServer(
      (socket) => socket.pause(),
      async ({ destination, sockets }) => {
        await withNetwork({}, async (network) => {
          const headers = [['Content-Length', String(size)]] as const;
          const live = asking(destination, { method: 'POST', headers, body: much() });
          const opened = network.open(live.exchange);
          await sleep(300);
          expect(pulled).toBeLessThan(size / 2);
          const [socket] = sockets;
          let read = 0;
          socket?.on('data', (bytes: Buffer) => {
            read += bytes.length;
            if (read > size) socket.write(ok);
          });
          socket?.resume();
          expect(await textOf((await opened).body)).toBe('ok');
        });
      },
    );
  });
});
