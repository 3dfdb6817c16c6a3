import { expect, test } from '@jest/globals';
import type { Parts } from '../../src/exchange/conversation.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { part, parts, rawClient, say, whole, withWire } from './harness.ts';

interface Given {
  readonly httpVersion?: string;
  readonly status?: number;
  readonly statusText?: string;
  readonly headers: Headers;
  readonly body?: Answer['body'];
  readonly ending?: Answer['ending'];
}

function answer({
  httpVersion = '1.1',
  status = 200,
  statusText = 'OK',
  headers,
  body,
  ending = finished,
}: Given): Answer {
  return {
    head: { status, statusText, httpVersion, headers },
    body,
    ending,
    outcome: 'forwarded',
  };
}

/** What a keep-alive client hears until a second request on the same connection is answered. */
async function heard(given: () => Given, request = 'GET / HTTP/1.1\r\n'): Promise<string> {
  let text = '';
  let first = true;
  const open = (): Answer => {
    if (!first) return whole('SECOND');
    first = false;
    return answer(given());
  };
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    client.send(`${request}Host: h\r\n\r\n`);
    client.send('GET /second HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.hears('SECOND');
    text = client.heard();
    client.socket.destroy();
  });
  return text.slice(0, text.indexOf('HTTP/1.1 200 OK\r\nContent-Length: 6'));
}

const chunked: Headers = [['Transfer-Encoding', 'chunked']];

test('a head goes out byte by byte as given: order, case, repetition, latin1', async () => {
  const headers: Headers = [
    ['set-COOKIE', 'a=1'],
    ['Date', 'once'],
    ['Set-Cookie', 'b=2'],
    ['X-Caf\xe9'.slice(0, 5), 'caf\xe9'],
    ['set-cookie', 'c=3'],
    ['Content-Length', '2'],
  ];
  expect(await heard(() => ({ headers, body: Buffer.from('ok') }))).toBe(
    'HTTP/1.1 200 OK\r\nset-COOKIE: a=1\r\nDate: once\r\nSet-Cookie: b=2\r\nX-Caf: caf\xe9\r\n' +
      'set-cookie: c=3\r\nContent-Length: 2\r\n\r\nok',
  );
});

test.each([
  ['an empty status text', 200, '', 'HTTP/1.1 200 \r\n\r\n'],
  ['a text of its own', 299, 'As You Like It', 'HTTP/1.1 299 As You Like It\r\n\r\n'],
])('%s', async (...row) => {
  const [, status, statusText, expected] = row;
  await withWire(
    () => answer({ status, statusText, headers: [] }),
    async ({ port }) => {
      expect((await say(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n')).text).toBe(expected);
    },
  );
});

test('parts with a length leave as they come', async () => {
  const headers: Headers = [['Content-Length', '5']];
  expect(await heard(() => ({ headers, body: parts('ab', 'c', 'de') }))).toBe(
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde',
  );
});

test('chunks leave as chunks, with their trailers', async () => {
  const ending = {
    type: 'finished',
    trailers: [
      ['x-Sum', '1'],
      ['X-sum', '2'],
    ],
  } as const;
  const headers: Headers = [['Trailer', 'x-Sum'], ...chunked];
  expect(await heard(() => ({ headers, body: parts('abc'), ending }))).toBe(
    'HTTP/1.1 200 OK\r\nTrailer: x-Sum\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n0\r\nx-Sum: 1\r\nX-sum: 2\r\n\r\n',
  );
  expect(await heard(() => ({ headers, body: Buffer.from('abc'), ending }))).toMatch(
    /\r\n\r\n3\r\nabc\r\n0\r\nx-Sum: 1\r\nX-sum: 2\r\n\r\n$/,
  );
});

test('an empty chunked body is only its end', async () => {
  for (const body of [Buffer.alloc(0), parts()]) {
    expect(await heard(() => ({ headers: chunked, body }))).toBe(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
  }
});

test('a body without any length ends with the connection', async () => {
  for (const body of [Buffer.from('abc'), parts('a', 'bc')]) {
    await withWire(
      () => answer({ headers: [['X', '1']], body }),
      async ({ port }) => {
        expect(await say(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n')).toEqual({
          text: 'HTTP/1.1 200 OK\r\nX: 1\r\n\r\nabc',
          how: 'FIN',
        });
      },
    );
  }
});

test.each([
  ['HEAD with a length', 'HEAD', 200, [['Content-Length', '9']] as Headers],
  ['HEAD of chunks', 'HEAD', 200, chunked],
  ['HEAD of neither', 'HEAD', 200, [] as Headers],
  ['204', 'GET', 204, [['X', '1']] as Headers],
  ['304 with a length', 'GET', 304, [['Content-Length', '9']] as Headers],
])('%s has no body, and the connection lives on', async (...row) => {
  const [, method, status, headers] = row;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  expect(await heard(() => ({ status, headers }), `${method} / HTTP/1.1\r\n`)).toBe(
    `HTTP/1.1 ${status} OK\r\n${lines}\r\n`,
  );
});

test('an announcement of trailers is left out where there can be none', async () => {
  const headers: Headers = [
    ['Trailer', 'x-Sum'],
    ['Content-Length', '2'],
  ];
  expect(await heard(() => ({ headers, body: Buffer.from('ok') }))).toBe(
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  );
});

test('HTTP/1.0 keeps the connection where it asks for that and the body has a length', async () => {
  const open = (exchange: Exchange): Answer =>
    whole(exchange.kind === 'http' ? exchange.head.httpVersion : '');
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    client.send('GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n');
    await client.hears('1.0');
    expect(client.heard()).toMatch(/\r\nConnection: keep-alive\r\n/);
    client.send('GET / HTTP/1.0\r\nHost: h\r\n\r\n');
    expect((await client.ended()).text).toMatch(/Connection: close\r\n\r\n1\.0$/);
  });
});

test('the head of a slow body does not wait for it', async () => {
  let end = (): void => {};
  async function* late(): Parts {
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    yield part('late');
  }
  const open = (): Answer => answer({ headers: chunked, body: late() });
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.hears('chunked\r\n\r\n');
    end();
    await client.hears('late\r\n0\r\n\r\n');
    client.socket.destroy();
  });
});

test('an answer of HTTP/2 is framed, and has the words of its status', async () => {
  const over2 = { httpVersion: '2.0', statusText: '' };
  const trailers: Headers = [['grpc-status', '0']];
  const given = { ...over2, headers: [['a', 'b']] as const };
  expect(await heard(() => ({ ...given, body: Buffer.from('hello') }))).toBe(
    'HTTP/1.1 200 OK\r\na: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  );
  expect(
    await heard(() => ({ ...given, body: parts('x'), ending: { type: 'finished', trailers } })),
  ).toContain('1\r\nx\r\n0\r\ngrpc-status: 0\r\n\r\n');
  const sized = { ...over2, headers: [['content-length', '2']] as const, body: Buffer.from('ok') };
  expect(await heard(() => sized)).toBe('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  expect(await heard(() => ({ ...over2, status: 204, headers: [] }))).toBe(
    'HTTP/1.1 204 No Content\r\n\r\n',
  );
});
