import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { expect, test } from '@jest/globals';
import type { Ending } from '../../src/exchange/conversation.ts';
import type { HttpExchange } from '../../src/exchange/exchange.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { part, parts, until, whole } from './harness.ts';
import { ask2, ended, told, withHttp2 } from './http2-client.ts';

const offer = { type: 'terms', connectProtocol: true } as const;

const headers = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', 'x'],
  ['Sec-WebSocket-Protocol', 'chat'],
  ['X-Own', '1'],
] as const;

function granted(more: Partial<Answer>): Answer {
  const head = { status: 101, statusText: 'Switching Protocols', headers, httpVersion: '1.1' };
  return {
    head,
    body: undefined,
    ending: { type: 'finished', trailers: [] },
    outcome: 'forwarded',
    ...more,
  };
}

async function connectSocket(client: ClientHttp2Session): Promise<ClientHttp2Stream> {
  if (!client.remoteSettings.enableConnectProtocol) await once(client, 'remoteSettings');
  return client.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':path': '/chat',
      ':authority': 'a.test',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'chat, other',
    },
    { endStream: false },
  );
}

/** A short masked frame of a client (its key is zero). */
function frame(opcode: number, bytes: string | Buffer): Buffer {
  const body = Buffer.from(bytes);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

test('a WebSocket is normalised, and its bytes are relayed as they are', async () => {
  const open = async function* ({ body }: HttpExchange) {
    if (body === undefined || Buffer.isBuffer(body)) return;
    for await (const { bytes } of body) yield part(`<${bytes.toString()}>`);
  };
  await withHttp2(
    (exchange) => granted({ framing: 'raw', body: open(exchange as HttpExchange) }),
    async (client, { exchanges }) => {
      const stream = await connectSocket(client);
      const response = once(stream, 'response');
      stream.write('ping');
      const [fields] = (await response) as [Record<string, unknown>];
      expect(fields).toMatchObject({
        ':status': 200,
        'sec-websocket-protocol': 'chat',
        'x-own': '1',
      });
      expect(Object.keys(fields)).not.toContain('sec-websocket-accept');
      expect(((await once(stream, 'data')) as [Buffer])[0].toString()).toBe('<ping>');
      stream.end();
      expect((await told(stream)).code).toBe(0);
      expect(exchanges).toMatchObject([
        {
          kind: 'websocket',
          head: { method: 'GET', path: '/chat', httpVersion: '2.0' },
          destination: { host: 'a.test', port: 80 },
        },
      ]);
    },
    { offer },
  );
});

test('messages are framed here, without the handshake of HTTP/1', async () => {
  const heard: string[] = [];
  const open = (exchange: HttpExchange): Answer => {
    const { promise, resolve } = Promise.withResolvers<Ending>();
    const talk = async function* () {
      yield part('hello', 'text');
      if (exchange.body === undefined || Buffer.isBuffer(exchange.body)) return;
      for await (const { kind, bytes } of exchange.body) {
        heard.push(`${kind} ${bytes.toString()}`);
        break;
      }
      yield part('bye', 'binary');
      resolve({ type: 'closed', by: 'server', code: 4001, reason: 'done' });
    };
    return granted({ framing: 'messages', body: talk(), ending: promise });
  };
  await withHttp2(
    (exchange) => open(exchange as HttpExchange),
    async (client) => {
      const stream = await connectSocket(client);
      const bytes: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => bytes.push(chunk));
      const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
      expect(fields).toMatchObject({
        ':status': 200,
        'sec-websocket-protocol': 'chat',
        'x-own': '1',
      });
      stream.write(frame(1, 'hi'));
      const expected = Buffer.from('\x81\x05hello\x82\x03bye\x88\x06\x0f\xa1done', 'latin1');
      await until(
        () => Buffer.concat(bytes).equals(expected),
        () => Buffer.concat(bytes).toString('latin1'),
      );
      stream.end(frame(8, Buffer.from([0x0f, 0xa1])));
      expect((await told(stream)).code).toBe(0);
      expect(heard).toEqual(['text hi']);
    },
    { offer },
  );
});

test.each<[Ending, number]>([
  [{ type: 'reset', by: 'server', code: 8 }, 8],
  [{ type: 'cut', by: 'server' }, 0],
])('%j ends the stream of a WebSocket alone', async (ending, code) => {
  await withHttp2(
    () => granted({ framing: 'raw', body: parts('x'), ending }),
    async (client) => {
      const stream = await connectSocket(client);
      const end = await told(stream.end());
      expect(end).toMatchObject({ status: 200, body: Buffer.from('x'), code });
      expect(client.destroyed).toBe(false);
    },
    { offer },
  );
});

test.each([
  [403, 403],
  [200, 502],
])('a server that answers %d has not granted it: %d', async (status, answered) => {
  await withHttp2(
    () => whole('no', [], status),
    async (client) => {
      expect(await told((await connectSocket(client)).end())).toMatchObject({ status: answered });
    },
    { offer },
  );
});

test('it is offered only where it would be honoured, and so is nothing else', async () => {
  await withHttp2(
    () => ended({ type: 'finished', trailers: [] }),
    async (client) => {
      await once(client, 'remoteSettings');
      expect(client.remoteSettings.enableConnectProtocol).toBe(false);
    },
  );
  await withHttp2(
    () => whole('x'),
    async (client, { failures }) => {
      await once(client, 'remoteSettings');
      const other = { ':method': 'CONNECT', ':protocol': 'connect-udp', ':authority': 'a' };
      expect(await ask2(client, { ...other, ':scheme': 'http', ':path': '/' })).toMatchObject({
        status: 400,
      });
      expect(failures).toHaveLength(1);
    },
    { offer },
  );
});
