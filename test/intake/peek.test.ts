import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { duplexPair } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { peek } from '../../src/intake/peek.ts';
import { allOf, dial, pause } from './tools.ts';

/** Enough once it sees a line break. */
function line(bytes: Buffer): { readonly text: string } | 'more' {
  const text = bytes.toString('latin1');
  return text.includes('\n') ? { text } : 'more';
}

/** Both ends of a TCP connection. */
async function withPair(body: (client: Socket, server: Socket) => Promise<void>): Promise<void> {
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const client = await dial((server.address() as AddressInfo).port);
  const inside = await accepted;
  inside.on('error', () => {});
  try {
    await body(client, inside);
  } finally {
    client.destroy();
    inside.destroy();
    server.close();
  }
}

describe('a look', () => {
  test('waits until there is enough, and leaves every byte where it was', async () => {
    await withPair(async (client, server) => {
      const looking = peek(server, { judge: line });
      for (const piece of ['a', 'b', 'c\n', 'd']) {
        client.write(piece);
        await pause(10);
      }
      expect(await looking).toEqual({ type: 'judged', value: { text: 'abc\n' } });
      client.end('e');
      expect(await allOf(server)).toBe('abc\nde');
    });
  });

  test('loses nothing to an end right behind the bytes', async () => {
    await withPair(async (client, server) => {
      client.end('all\n');
      await pause(30);
      expect(await peek(server, { judge: line })).toEqual({
        type: 'judged',
        value: { text: 'all\n' },
      });
      await pause(30);
      expect(await allOf(server)).toBe('all\n');
    });
  });

  test('may be followed by another', async () => {
    await withPair(async (client, server) => {
      client.end('again\n');
      for (let round = 0; round < 3; round++) {
        expect(await peek(server, { judge: line })).toMatchObject({ type: 'judged' });
      }
      expect(await allOf(server)).toBe('again\n');
    });
  });

  test('tells an end after too few bytes, and the bytes', async () => {
    await withPair(async (client, server) => {
      const looking = peek(server, { judge: line });
      client.end('few');
      expect(await looking).toEqual({ type: 'ended', bytes: Buffer.from('few') });
      expect(await peek(server, { judge: line })).toEqual({
        type: 'ended',
        bytes: Buffer.alloc(0),
      });
    });
  });

  test.each([true, false])('tells that the socket was lost, after bytes: %s', async (heard) => {
    await withPair(async (client, server) => {
      const looking = peek(server, { judge: line });
      if (heard) client.write('x');
      await pause(20);
      client.resetAndDestroy();
      const peeked = await looking;
      expect(peeked).toMatchObject({ type: 'lost', heard, error: { code: 'ECONNRESET' } });
      expect(await peek(server, { judge: line })).toMatchObject({ type: 'lost', heard: false });
    });
  });

  test('tells a socket that was destroyed on our side', async () => {
    const [left, right] = duplexPair();
    const looking = peek(left, { judge: line });
    left.destroy();
    right.destroy();
    expect(await looking).toEqual({ type: 'lost', error: undefined, heard: false });
  });

  test('rejects where the judge throws, and listens no more', async () => {
    const [left, right] = duplexPair();
    const looking = peek(left, {
      judge: () => {
        throw new RangeError('bad judge');
      },
    });
    right.write('x');
    await expect(looking).rejects.toThrow('bad judge');
    expect(left.listenerCount('readable') + left.listenerCount('end')).toBe(
      right.listenerCount('end'),
    );
  });
});

describe('an interruption', () => {
  test('ends a look at a silent client', async () => {
    const [left] = duplexPair();
    const looking = peek(left, { judge: line, interruption: Promise.resolve(true) });
    expect(await looking).toEqual({ type: 'interrupted' });
    expect(left.listenerCount('readable')).toBe(0);
  });

  test.each([
    ['that did not happen', Promise.resolve(false)],
    ['that failed', Promise.reject(new Error('no'))],
  ])('%s changes nothing', async (_, interruption) => {
    const [left, right] = duplexPair();
    const looking = peek(left, { judge: line, interruption });
    await pause(5);
    right.write('x\n');
    expect(await looking).toMatchObject({ type: 'judged' });
  });

  test('comes too late once the client has begun', async () => {
    const [left, right] = duplexPair();
    const interruption = pause(20).then(() => true);
    const looking = peek(left, { judge: line, interruption });
    right.write('x');
    await pause(40);
    right.write('\n');
    expect(await looking).toEqual({ type: 'judged', value: { text: 'x\n' } });
  });
});
