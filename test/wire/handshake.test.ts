import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { Parts } from '../../src/exchange/conversation.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import { part, parts, until, withWire } from './harness.ts';
import { done, listen, messages, recorded } from './websocket-client.ts';

test('the recorded head goes out in its order, with an accept key that is fresh', async () => {
  await withWire(
    () => messages(parts(), done),
    async ({ port }) => {
      const { socket } = listen(port);
      const [response] = (await once(socket, 'upgrade')) as [
        { statusMessage: string; rawHeaders: string[] },
      ];
      expect(response.statusMessage).toBe('Switched');
      const names = response.rawHeaders.filter((_text, place) => place % 2 === 0);
      expect(names).toEqual(['X-First', 'sec-websocket-accept', 'Upgrade', 'X-Last', 'Connection']);
      expect(response.rawHeaders[3]).toMatch(/^.{27}=$/);
      await once(socket, 'close');
    },
  );
});

test.each([
  [['a', 'b'], 'b', 'b'],
  [['a'], 'b', ''],
  [[], 'b', ''],
])('offered %j and recorded %s: the subprotocol is %j', async (protocols, protocol, chosen) => {
  const headers: Headers = [...recorded, ['Sec-WebSocket-Protocol', protocol]];
  await withWire(
    () => messages(parts(), done, headers),
    async ({ port }) => {
      const { socket, heard } = listen(port, { protocols });
      await until(
        () => heard.length > 0,
        () => 'the close',
      );
      expect(socket.protocol).toBe(chosen);
      const fails = protocols.length > 0 && chosen === '';
      expect(heard).toEqual([fails ? 'close 1006 ' : 'close 1000 done']);
    },
  );
});

test.each<[boolean, boolean | { serverNoContextTakeover: true }, string]>([
  [true, true, 'permessage-deflate'],
  [true, { serverNoContextTakeover: true }, 'permessage-deflate'],
  [true, false, ''],
  [false, true, ''],
])('recorded with compression %s, asked for %j: %j', async (compressed, deflate, extensions) => {
  const extension: Headers = compressed ? [['Sec-WebSocket-Extensions', 'permessage-deflate']] : [];
  async function* body(): Parts {
    yield part('hello '.repeat(100), 'text');
  }
  await withWire(
    () => messages(body(), done, [...recorded, ...extension]),
    async ({ port }) => {
      const { socket, heard } = listen(port, { deflate });
      await once(socket, 'close');
      expect(socket.extensions).toBe(extensions);
      expect(heard[0]).toBe(`text ${'hello '.repeat(100)}`);
    },
  );
});
