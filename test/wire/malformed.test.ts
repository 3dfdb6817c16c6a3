import { expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import { headBytesMax } from '../../src/wire/malformed.ts';
import { parts, rawClient, read, say, until, whole, withWire } from './harness.ts';

const chunked = 'Transfer-Encoding: chunked\r\n';

test.each([
  ['no HTTP at all', 'HELLO WORLD\r\n\r\n'],
  [
    'Content-Length with Transfer-Encoding',
    `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n${chunked}\r\n0\r\n\r\n`,
  ],
  [
    'the same the other way round',
    `POST / HTTP/1.1\r\nHost: h\r\n${chunked}Content-Length: 4\r\n\r\n0\r\n\r\n`,
  ],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
  ],
  ['a length that is no number', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\nabcd'],
  [
    'chunks not last',
    'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n',
  ],
  ['a space before the colon', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 4\r\n\r\nabcd'],
  ['a folded header', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n'],
  ['a bare CR', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\rY: b\r\n\r\n'],
  ['a zero byte', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n'],
  ['a bare LF', 'GET / HTTP/1.1\nHost: h\n\n'],
])('%s is refused, and nothing reaches the upstream', async (_name, bytes) => {
  await withWire(
    () => whole('never'),
    async ({ port, exchanges, failures }) => {
      const { text, how } = await say(port, bytes);
      expect(text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
      expect(text).toContain('X-Magneto-Failure: MALFORMED_HTTP');
      expect(text).toContain('Connection: close');
      expect(how).toBe('FIN');
      expect(exchanges).toEqual([]);
      expect(failures.map(({ code }) => code)).toEqual(['MALFORMED_HTTP']);
    },
  );
});

test.each([
  ['a header of 1 MB', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(1_000_000)}\r\n\r\n`],
  ['a target of 1 MB', `GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\nHost: h\r\n\r\n`],
])('%s is refused as too large, and the client can read why', async (_name, bytes) => {
  await withWire(
    () => whole('never'),
    async ({ port, exchanges }) => {
      const { text, how } = await say(port, bytes);
      expect(text).toMatch(/^HTTP\/1.1 431 Request Header Fields Too Large\r\n/);
      expect(text).toContain('X-Magneto-Failure: HEADERS_TOO_LARGE');
      expect(how).toBe('FIN');
      expect(exchanges).toEqual([]);
    },
  );
});

test('heads just under the limit pass', async () => {
  await withWire(
    () => whole('ok'),
    async ({ port }) => {
      const client = await rawClient(port);
      client.send(`GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(headBytesMax - 1000)}\r\n\r\n`);
      await client.hears('\r\n\r\nok');
      client.socket.destroy();
    },
  );
});

test('nonsense behind a good request is refused after that was answered', async () => {
  let answer = (): void => {};
  const open = async (): Promise<ReturnType<typeof whole>> => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return whole('good');
  };
  await withWire(open, async ({ port, failures }) => {
    const client = await rawClient(port);
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\nNONSENSE\r\n\r\n');
    await until(
      () => failures.length === 1,
      () => 'the failure',
    );
    client.send('more nonsense');
    answer();
    const { text, how } = await client.ended();
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoodHTTP\/1.1 400 /);
    expect(how).toBe('FIN');
    expect(failures).toHaveLength(1);
  });
});

test('nonsense amid a body is refused, and its exchange hears that the client broke off', async () => {
  const open = async (exchange: Exchange): Promise<ReturnType<typeof whole>> => {
    await read(exchange.body);
    return whole('too late');
  };
  await withWire(open, async ({ port, exchanges }) => {
    const { text } = await say(port, `POST / HTTP/1.1\r\nHost: h\r\n${chunked}\r\nZZZ\r\n`);
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(exchanges[0]?.signal.reason).toEqual({ type: 'cut', by: 'client' } satisfies Ending);
  });
});

test('nonsense amid a body whose answer is under way cuts the connection', async () => {
  const open = (): ReturnType<typeof whole> => ({
    ...whole(''),
    head: { status: 200, statusText: 'OK', httpVersion: '1.1', headers: [['Content-Length', '9']] },
    body: parts('abc'),
    ending: new Promise(() => {}),
  });
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    client.send(`POST / HTTP/1.1\r\nHost: h\r\n${chunked}\r\n`);
    await client.hears('abc');
    client.send('ZZZ\r\n');
    expect((await client.ended()).text).toMatch(/\r\n\r\nabc$/);
  });
});

test('a client that leaves amid its head is lost, not at fault', async () => {
  await withWire(
    () => whole('never'),
    async ({ port, failures, lost }) => {
      const client = await rawClient(port);
      client.send('GET / HTTP/1.1\r\nHos');
      client.socket.end();
      expect((await client.ended()).text).toBe('');
      expect(failures).toEqual([]);
      expect(lost).toHaveLength(1);
    },
  );
});
