import { expect, test } from '@jest/globals';
import type { Destination } from '../../src/exchange/destination.ts';
import type { Exchange, HttpExchange } from '../../src/exchange/exchange.ts';
import type { Served } from './harness.ts';
import { rawClient, read, say, whole, withWire } from './harness.ts';

const destination: Destination = { host: 'inside.test', port: 8443, secure: true };

function http(exchange: Exchange | undefined): HttpExchange {
  if (exchange === undefined || exchange.kind === 'stream') throw new Error('no HTTP exchange');
  return exchange;
}

function only(served: Served): HttpExchange {
  expect(served.exchanges).toHaveLength(1);
  return http(served.exchanges[0]);
}

const close = 'Connection: close\r\n\r\n';

test('an absolute URL wins over another Host header, which passes untouched', async () => {
  await withWire(
    () => whole('yes'),
    async (served) => {
      const request = `GET http://real.test:81/a?b=c&d#e HTTP/1.1\r\nHost: other.test\r\n${close}`;
      const { text } = await say(served.port, request);
      expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes');
      const { head, destination: where, body } = only(served);
      expect(where).toEqual({ host: 'real.test', port: 81, secure: false, learnt: 'url' });
      expect(head).toEqual({
        method: 'GET',
        path: '/a?b=c&d',
        httpVersion: '1.1',
        headers: [['Host', 'other.test']],
      });
      expect(body).toBeUndefined();
    },
  );
});

test.each([
  ['GET http://user:word@x.test HTTP/1.1', { host: 'x.test', port: 80, secure: false }, '/'],
  ['GET https://[::1]:444?q HTTP/1.1', { host: '::1', port: 444, secure: true }, '/?q'],
  ['OPTIONS http://x.test HTTP/1.1', { host: 'x.test', port: 80, secure: false }, '*'],
  ['OPTIONS http://x.test/ HTTP/1.1', { host: 'x.test', port: 80, secure: false }, '/'],
  ['OPTIONS * HTTP/1.1', { host: 'h.test', port: 8080, secure: false }, '*'],
  ['GET /p HTTP/1.1', { host: 'h.test', port: 8080, secure: false }, '/p'],
])('%s goes where it says', async (line, where, path) => {
  await withWire(
    () => whole(''),
    async (served) => {
      await say(served.port, `${line}\r\nHost: h.test:8080\r\n${close}`);
      const learnt = line.includes('://') ? 'url' : 'host';
      expect(only(served).destination).toEqual({ ...where, learnt });
      expect(only(served).head.path).toBe(path);
    },
  );
});

test('inside a tunnel the arrival knows the destination, with or without a Host header', async () => {
  await withWire(
    () => whole(''),
    async (served) => {
      await say(served.port, `GET /x HTTP/1.1\r\nHost: other.test\r\n${close}`);
      await say(served.port, `GET /y HTTP/1.1\r\n${close}`);
      expect(served.exchanges.map((exchange) => exchange.destination)).toEqual([
        destination,
        destination,
      ]);
    },
    { arrival: { destination } },
  );
});

test.each([
  ['GET / HTTP/1.1\r\n', 'has no Host header'],
  ['GET / HTTP/1.1\r\nHost: a b\r\n', 'has the Host header'],
  ['GET ftp://x.test/ HTTP/1.1\r\n', 'is no URL'],
])('%j says no destination', async (head, detail) => {
  await withWire(
    () => whole(''),
    async (served) => {
      const { text } = await say(served.port, `${head}${close}`);
      expect(text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
      expect(text).toContain('X-Magneto-Failure: DESTINATION_UNKNOWN');
      expect(text).toContain(detail);
      expect(served.exchanges).toEqual([]);
      expect(served.failures.map(({ code }) => code)).toEqual(['DESTINATION_UNKNOWN']);
    },
  );
});

test('a request to ourselves is a loop, unless it is for the page of our own', async () => {
  await withWire(
    () => whole(''),
    async (served) => {
      const loop = await say(served.port, `GET http://127.0.0.1:8888/ HTTP/1.1\r\n${close}`);
      expect(loop.text).toMatch(/^HTTP\/1.1 508 Loop Detected\r\n/);
      expect(loop.text).toContain('X-Magneto-Failure: DESTINATION_IS_PROXY');
      const page = await say(served.port, `GET http://magneto.local/ca.pem HTTP/1.1\r\n${close}`);
      expect(page.text).toMatch(/^HTTP\/1.1 200 OK\r\nContent-Type: text\/x\r\n.*\r\n\r\nPEM$/s);
      const head = await say(served.port, `HEAD http://magneto.local/ca.pem HTTP/1.1\r\n${close}`);
      expect(head.text).toMatch(/Content-Length: 3\r\n.*\r\n\r\n$/s);
      const none = await say(served.port, `GET http://magneto.local/x HTTP/1.1\r\n${close}`);
      expect(none.text).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
      expect(served.exchanges).toEqual([]);
    },
  );
});

test('request headers keep order, case and repetition, and lose what is hop-by-hop', async () => {
  const sent =
    'HOST: h.test\r\nx-B: 1\r\nX-a: 2\r\nx-b: 3\r\nProxy-Connection: keep-alive\r\n' +
    'Connection: x-gone, TE\r\nX-Gone: 4\r\nTE: trailers\r\nLatin: caf\xe9\r\n\r\n';
  await withWire(
    () => whole('', [['X-Done', '1']]),
    async (served) => {
      const client = await rawClient(served.port);
      client.send(`GET / HTTP/1.1\r\n${sent}`);
      await client.hears('X-Done');
      expect(only(served).head.headers).toEqual([
        ['HOST', 'h.test'],
        ['x-B', '1'],
        ['X-a', '2'],
        ['x-b', '3'],
        ['TE', 'trailers'],
        ['Latin', 'caf\xe9'],
      ]);
      client.socket.destroy();
    },
  );
});

test.each([
  ['no body', 'GET', '', '', '(absent)'],
  ['an empty body', 'POST', 'Content-Length: 0\r\n', '', ''],
  ['a body with a length', 'POST', 'Content-Length: 3\r\n', 'abc', 'abc'],
  ['chunks', 'PUT', 'Transfer-Encoding: chunked\r\n', '1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', 'abc'],
  ['empty chunks', 'PUT', 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n', ''],
])('%s reaches the upstream', async (...row) => {
  const [, method, headers, sent, expected] = row;
  await withWire(
    async (exchange) => whole(`<${await read(exchange.body)}>`),
    async (served) => {
      const head = `${method} / HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n${headers}\r\n`;
      const { text } = await say(served.port, head + sent);
      expect(text.split('\r\n\r\n')[1]).toBe(`<${expected}>`);
    },
  );
});

test('trailers of a request are told once its body was read', async () => {
  await withWire(
    async (exchange) => {
      await read(exchange.body);
      return whole(JSON.stringify(http(exchange).trailers()));
    },
    async (served) => {
      const { text } = await say(
        served.port,
        'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTrailer: x-Sum\r\n' +
          'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-Sum: 1\r\nx-Sum: 2\r\n\r\n',
      );
      expect(text).toContain('[["x-Sum","1"],["x-Sum","2"]]');
    },
  );
});

test('an upstream that rejects is told of and costs the connection, not the process', async () => {
  await withWire(
    () => Promise.reject(new Error('a bug')),
    async (served) => {
      const { text } = await say(served.port, `GET / HTTP/1.1\r\nHost: h\r\n${close}`);
      expect(text).toBe('');
      expect(served.lost).toEqual([new Error('a bug')]);
    },
  );
});
