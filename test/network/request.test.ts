import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Part } from '../../src/exchange/conversation.ts';
import { Connection } from '../../src/network/connection.ts';
import { beginRequest, canResend, sendBody } from '../../src/network/request.ts';
import { createChannel } from '../../src/support/channel.ts';
import type { Asked } from './world.ts';
import { asking, eventually, part, partsOf, withServer } from './world.ts';

const destination = { host: 'a.example', port: 80, secure: false };

/** Sends a request and hands back whether it was whole, and what was on the wire. */
async function send(
  asked: Asked,
  more: { readonly absolute?: boolean; readonly left?: boolean } = {},
): Promise<{ readonly whole: boolean; readonly text: string }> {
  let text = '';
  let whole = false;
  const serve = (socket: Socket): void =>
    void socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
  await withServer(serve, async ({ port }) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const connection = new Connection({
      socket,
      transport: socket,
      absolute: more.absolute === true,
    });
    const live = asking(destination, { method: 'PUT', headers: [], ...asked });
    const proxy = { host: 'p', port: 1, secure: false, credentials: 'a:b', noProxy: [] };
    const request = beginRequest(live.exchange, connection, proxy);
    request.on('error', () => {});
    if (more.left === true) live.leave();
    whole = await sendBody(request, live.exchange);
    if (whole) await eventually(() => text.includes('\r\n\r\n'));
    socket.destroy();
  });
  return { whole, text };
}

const length = [['Content-Length', '5']] as const;
const chunked = [['Transfer-Encoding', 'chunked']] as const;

describe('a request', () => {
  test('is whole when its body is', async () => {
    const head = 'PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\n';
    for (const body of [Buffer.from('hello'), partsOf('hel', 'lo')]) {
      expect((await send({ headers: length, body })).whole).toBe(true);
    }
    expect(await send({ headers: [['Content-Length', '0']] })).toMatchObject({
      whole: true,
      text: head.replace('5', '0'),
    });
  });

  test.each([
    ['too short', partsOf('hell')],
    ['too long', partsOf('hello', '!')],
    ['too short, in memory', Buffer.from('hell')],
    ['absent', undefined],
  ])('is not whole with a body %s', async (_what, body) => {
    expect((await send({ headers: length, body })).whole).toBe(false);
  });

  test('in chunks of a client that left is not whole, and never says so', async () => {
    const { whole, text } = await send({ headers: chunked, body: partsOf('x') }, { left: true });
    expect(whole).toBe(false);
    expect(text).not.toContain('0\r\n\r\n');
  });

  test('to a proxy has a whole URL and the credentials, in this order', async () => {
    const { text } = await send({ path: '/a', headers: [['X', 'y']] }, { absolute: true });
    expect(text).toBe(
      'PUT http://a.example/a HTTP/1.1\r\nX: y\r\nProxy-Authorization: Basic YTpi\r\n\r\n',
    );
  });

  test('that Node does not take is malformed, and names the destination', async () => {
    await expect(send({ headers: [['X', 'a\nb']] })).rejects.toMatchObject({
      code: 'MALFORMED_HTTP',
      message: expect.stringContaining('PUT http://a.example: '),
    });
  });

  test('stops with its server', async () => {
    await withServer(
      (socket) => socket.destroy(),
      async ({ port }) => {
        const socket = connect({ port, host: '127.0.0.1' });
        const connection = new Connection({ socket, transport: socket });
        const body = createChannel<Part>();
        const live = asking(destination, { method: 'PUT', headers: chunked, body });
        const request = beginRequest(live.exchange, connection);
        request.on('error', () => {});
        const sending = sendBody(request, live.exchange);
        await eventually(() => socket.destroyed);
        void body.push(part('x'));
        expect(await sending).toBe(true);
      },
    );
  });
});

test('a request can be sent twice unless its body came in parts', () => {
  expect(canResend(asking(destination).exchange)).toBe(true);
  expect(canResend(asking(destination, { body: Buffer.from('x') }).exchange)).toBe(true);
  expect(canResend(asking(destination, { body: partsOf('x') }).exchange)).toBe(false);
});
