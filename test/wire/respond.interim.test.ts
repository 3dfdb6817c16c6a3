import { expect, test } from '@jest/globals';
import { finished } from '../../src/exchange/conversation.ts';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { parts, rawClient, read, say, until, whole, withWire } from './harness.ts';

test('HTTP/1.0 hears no chunks and no interim heads; the connection ends the body', async () => {
  const open = (exchange: Exchange): Answer => {
    if (exchange.kind === 'http') exchange.inform(interim(103));
    const headers: Headers = [
      ['Trailer', 'x'],
      ['Transfer-Encoding', 'chunked'],
    ];
    const head = { status: 200, statusText: 'OK', httpVersion: '1.1', headers };
    return { head, body: parts('a', 'bc'), ending: finished, outcome: 'forwarded' };
  };
  await withWire(open, async ({ port }) => {
    expect(await say(port, 'GET / HTTP/1.0\r\nHost: h\r\n\r\n')).toEqual({
      text: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc',
      how: 'FIN',
    });
  });
});

function interim(status: number, headers: Headers = []): Parameters<Inform>[0] {
  return { status, statusText: 'Soon', httpVersion: '1.1', headers };
}
type Inform = Extract<Exchange, { kind: 'http' | 'websocket' }>['inform'];

test('interim heads pass at once with their headers', async () => {
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const open = async (exchange: Exchange): Promise<Answer> => {
    if (exchange.kind === 'http') {
      exchange.inform(
        interim(103, [
          ['Link', '</a>'],
          ['link', '</b>'],
        ]),
      );
      exchange.inform(interim(102));
    }
    await held;
    return whole('ok');
  };
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.hears('102 Soon\r\n\r\n');
    expect(client.heard()).toBe(
      'HTTP/1.1 103 Soon\r\nLink: </a>\r\nlink: </b>\r\n\r\nHTTP/1.1 102 Soon\r\n\r\n',
    );
    goOn();
    await client.hears('\r\n\r\nok');
    client.socket.destroy();
  });
});

test('a client that expects 100-continue is told once, when the upstream says so', async () => {
  let asked = false;
  const open = async (exchange: Exchange): Promise<Answer> => {
    if (exchange.kind !== 'http') throw new Error('no HTTP');
    asked = true;
    await until(
      () => told,
      () => 'the test to look',
    );
    exchange.inform({ ...interim(100), statusText: 'Continue' });
    exchange.inform({ ...interim(100), statusText: 'Continue' });
    return whole(await read(exchange.body));
  };
  let told = false;
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    client.send('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
    await until(
      () => asked,
      () => 'the exchange',
    );
    expect(client.heard()).toBe('');
    told = true;
    await client.hears('100 Continue\r\n\r\n');
    client.send('abc');
    await client.hears('\r\n\r\nabc');
    expect(client.heard().match(/100 Continue/g)).toHaveLength(1);
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.hears('(absent)');
    client.socket.destroy();
  });
});

test('a refusal instead of 100-continue closes the connection, for the body never comes', async () => {
  await withWire(
    () => whole('no', [], 417),
    async ({ port }) => {
      const head =
        'POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n';
      expect((await say(port, head)).text).toBe('HTTP/1.1 417 OK\r\nContent-Length: 2\r\n\r\nno');
    },
  );
});

test('pipelined requests are answered in order, their interim heads too', async () => {
  const done: (() => void)[] = [];
  const open = async (exchange: Exchange): Promise<Answer> => {
    if (exchange.kind !== 'http') throw new Error('no HTTP');
    exchange.inform(interim(103, [['Link', exchange.head.path]]));
    await new Promise<void>((resolve) => {
      done.push(resolve);
    });
    return whole(exchange.head.path);
  };
  await withWire(open, async ({ port }) => {
    const client = await rawClient(port);
    const paths = ['/1', '/2', '/3'];
    client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''));
    await until(
      () => done.length === 3,
      () => 'three requests',
    );
    for (const resolve of done.toReversed()) resolve();
    await client.hears('\r\n\r\n/3');
    const one = (path: string): string =>
      `HTTP/1.1 103 Soon\r\nLink: ${path}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${path}`;
    expect(client.heard()).toBe(paths.map(one).join(''));
    client.socket.destroy();
  });
});
