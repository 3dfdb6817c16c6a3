import type { IncomingMessage } from 'node:http';
import { request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Parts } from '../../src/exchange/conversation.ts';
import type { Answer } from '../../src/exchange/upstream.ts';
import { answerOf, headOf } from '../../src/network/answer.ts';
import { Connection } from '../../src/network/connection.ts';
import type { Asked } from './world.ts';
import { asking, heard, sleep, textOf, withServer } from './world.ts';

/** Makes an answer of bytes that come in pieces. */
async function answerTo(
  pieces: readonly string[],
  body: (answer: Answer, socket: Socket) => Promise<void>,
  asked: Asked = {},
): Promise<void> {
  const serve = (socket: Socket): void => {
    void heard(socket, '\r\n\r\n').then(async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await sleep(15);
      }
    });
  };
  await withServer(serve, async ({ port, destination }) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const connection = new Connection({ socket, transport: socket });
    const { exchange } = asking(destination, asked);
    const request = startRequest({
      method: exchange.head.method,
      createConnection: () => socket,
    });
    const make = new Promise<() => Answer>((resolve) => {
      request.on('response', (message: IncomingMessage) => {
        resolve(answerOf({ exchange, connection, request, message }));
      });
    });
    request.end();
    await body((await make)(), socket);
    socket.destroy();
  });
}

const head = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n';

describe('an answer', () => {
  test('that came in one piece is whole in memory, and its ending is known', async () => {
    await answerTo([`${head}abcd`], async (answer) => {
      expect(answer.body).toEqual(Buffer.from('abcd'));
      expect(answer.ending).toEqual({ type: 'finished', trailers: [] });
    });
  });

  test('that came in several chunks at once is each of them', async () => {
    const bytes = '1\r\na\r\n1\r\nb\r\n0\r\nX: y\r\n\r\n';
    const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${bytes}`;
    await answerTo([chunked], async (answer) => {
      expect(Buffer.isBuffer(answer.body)).toBe(false);
      const said: string[] = [];
      for await (const one of answer.body as Parts) said.push(one.bytes.toString());
      expect(said).toEqual(['a', 'b']);
      expect(answer.ending).toEqual({ type: 'finished', trailers: [['X', 'y']] });
    });
  });

  test('that comes slowly comes in parts, and ends when they are read', async () => {
    await answerTo([head, 'ab', 'cd'], async (answer) => {
      let ended = false;
      const ending = Promise.resolve(answer.ending).finally(() => {
        ended = true;
      });
      await sleep(60);
      expect(ended).toBe(false);
      expect(await textOf(answer.body)).toBe('abcd');
      expect(await ending).toEqual({ type: 'finished', trailers: [] });
    });
  });

  test('to HEAD has no body, and one of length 0 has an empty one', async () => {
    const asked = { method: 'HEAD' };
    await answerTo([head], async ({ body }) => expect(body).toBeUndefined(), asked);
    const empty = head.replace('4', '0');
    await answerTo([empty], async ({ body }) => expect(body).toEqual(Buffer.alloc(0)));
  });

  test('that broke ends with what had come, however late it is read', async () => {
    await answerTo([head, 'ab'], async (answer, socket) => {
      await sleep(40);
      socket.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET' }));
      await sleep(20);
      expect(await textOf(answer.body)).toBe('ab');
      expect(await answer.ending).toEqual({ type: 'reset', by: 'server' });
    });
  });
});

test('the head of a message leaves out what is hop-by-hop', () => {
  const rawHeaders = ['Connection', 'x', 'X', '1', 'Transfer-Encoding', 'chunked', 'a', 'b'];
  expect(headOf({ statusCode: 200, statusMessage: '', httpVersion: '1.1', rawHeaders })).toEqual({
    status: 200,
    statusText: '',
    httpVersion: '1.1',
    headers: [
      ['Transfer-Encoding', 'chunked'],
      ['a', 'b'],
    ],
  });
});
