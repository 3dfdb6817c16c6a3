import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Connection } from '../../src/network/connection.ts';
import { Http2Connection } from '../../src/network/http2-connection.ts';
import { beginHttp2, sendHttp2Body } from '../../src/network/http2-request.ts';
import type { Frame } from './http2-world.ts';
import { frames, framesServer, http2Server } from './http2-world.ts';
import type { Asked } from './world.ts';
import { asking, eventually, partsOf, withServer } from './world.ts';

async function sharedTo(port: number): Promise<Http2Connection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const connection = new Connection({ socket, transport: socket });
  return new Http2Connection(connection, 60_000).settled(undefined);
}

/** The fields of a request as a server gets them. */
async function fieldsSent(
  asked: Asked,
  where: { host?: string; secure?: boolean } = {},
): Promise<Record<string, unknown>> {
  let seen: Record<string, unknown> = {};
  const server = http2Server((stream, headers) => {
    seen = { ...headers };
    stream.respond({}, { endStream: true });
  });
  await withServer(server, async ({ port }) => {
    const shared = (await sharedTo(port)).reserve();
    const destination = { host: 'a.example', port: 443, secure: true, ...where };
    beginHttp2(asking(destination, asked).exchange, shared).resume();
    await eventually(() => ':path' in seen);
    shared.destroy();
  });
  return seen;
}

/** The frames of a request, and whether its body was sent whole. */
async function framesSent(asked: Asked, left = false) {
  const saw: Frame[] = [];
  let whole = false;
  await withServer(
    framesServer((one) => saw.push(one)),
    async ({ port, destination }) => {
      const shared = (await sharedTo(port)).reserve();
      const live = asking(destination, { httpVersion: '2.0', headers: [], ...asked });
      const stream = beginHttp2(live.exchange, shared);
      if (left) live.leave();
      whole = await sendHttp2Body(stream, live.exchange);
      const ended = ({ type, flags }: Frame): boolean => type <= 1 && (flags & 1) !== 0;
      if (whole) await eventually(() => saw.some(ended));
      shared.destroy();
    },
  );
  const said = saw.filter(({ type }) => type === frames.headers || type === frames.data);
  return { whole, said: said.map(({ type, flags, payload }) => [type, flags, payload.length]) };
}

describe('the head of a request', () => {
  test('of HTTP/1.1 is translated', async () => {
    const headers = [
      ['Host', 'b.example:8443'],
      ['Connection', 'keep-alive'],
      ['X-Big', 'A'],
    ] as const;
    const seen = await fieldsSent({ headers, path: '/a?b' });
    expect(seen).toMatchObject({
      ':authority': 'b.example:8443',
      ':scheme': 'https',
      ':path': '/a?b',
      'x-big': 'A',
    });
    expect(seen).not.toHaveProperty('host');
    expect(seen).not.toHaveProperty('connection');
  });

  test.each([
    [{}, 'a.example'],
    [{ secure: false }, 'a.example:443'],
    [{ host: '::1' }, '[::1]'],
  ])('has the authority of %j where none was sent', async (where, authority) => {
    const seen = await fieldsSent({ httpVersion: '2.0', headers: [] }, where);
    expect(seen[':authority']).toBe(authority);
  });

  test('keeps a host beside the authority', async () => {
    const headers = [['host', 'c.example']] as const;
    const seen = await fieldsSent({ httpVersion: '2.0', headers });
    expect(seen).toMatchObject({ ':authority': 'c.example', host: 'c.example' });
  });
});

describe('the body of a request', () => {
  test.each<readonly [string, Asked, readonly (readonly number[])[]]>([
    ['absent', {}, [[1, 5]]],
    [
      'empty',
      { body: Buffer.alloc(0) },
      [
        [1, 4],
        [0, 1, 0],
      ],
    ],
    [
      'in no parts',
      { body: partsOf() },
      [
        [1, 4],
        [0, 1, 0],
      ],
    ],
  ])('that is %s ends at once', async (_what, asked, expected) => {
    const { whole, said } = await framesSent(asked);
    expect(whole).toBe(true);
    expect(
      said.map(([type, flags, length]) => (type === 1 ? [type, flags] : [type, flags, length])),
    ).toEqual(expected);
  });

  test('ends with its trailers where it has some', async () => {
    const trailers = [['x-sum', '7']] as const;
    const { said } = await framesSent({ body: partsOf('ab', 'c'), trailers });
    expect(said.at(-1)?.slice(0, 2)).toEqual([1, 5]);
    const lengths = said.filter(([type]) => type === 0).map(([, , length]) => length ?? 0);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(3);
  });

  test('whose client left is not whole', async () => {
    const { whole, said } = await framesSent({ body: partsOf('abc') }, true);
    expect(whole).toBe(false);
    expect(said.some(([type, flags]) => type === 0 && flags === 1)).toBe(false);
  });
});
