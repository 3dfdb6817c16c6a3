import { expect, test } from '@jest/globals';
import type { Part } from '../../src/exchange/conversation.ts';
import { ask, part, parts, read, tapped } from '../mode/harness.ts';

test.each([
  ['absent', undefined, {}],
  ['empty', Buffer.alloc(0), { body: Buffer.alloc(0) }],
  ['in memory', Buffer.from('abc'), { body: Buffer.from('abc') }],
])('a body that is %s is kept as that', async (_name, body, kept) => {
  const { exchange } = ask({ body });
  const tap = tapped(exchange, { bodyBytesMax: 10 }).tap;
  expect(tap.exchange.body).toBe(body);
  expect(tap.body()).toEqual(kept);
  expect(tap.informational()).toBeUndefined();
});

test('a body in parts is kept once it was read to its end, with its trailers', async () => {
  const tap = tapped(ask({ body: parts('ab', 'c'), trailers: [['T', '1']] }).exchange, {
    bodyBytesMax: 3,
  }).tap;
  expect(tap.body()).toEqual({ partial: true });
  expect(await read(tap.exchange.body)).toBe('abc');
  expect(tap.body()).toEqual({ body: Buffer.from('abc'), trailers: [['T', '1']] });
});

test('a body over the limit passes whole, and is kept up to the limit', async () => {
  const over = tapped(ask({ body: parts('ab', 'cd') }).exchange, { bodyBytesMax: 3 }).tap;
  expect(await read(over.exchange.body)).toBe('abcd');
  expect(over.body()).toEqual({ body: Buffer.from('abc'), partial: true });
});

test('a body that nobody read to its end is partial, and how far it came does not count', async () => {
  const stopped = tapped(ask({ body: parts('ab', 'cd') }).exchange, { bodyBytesMax: 10 }).tap;
  if (stopped.exchange.body === undefined || Buffer.isBuffer(stopped.exchange.body))
    throw new Error();
  for await (const one of stopped.exchange.body) if (one.bytes.length > 0) break;
  expect(stopped.body()).toEqual({ partial: true });
});

test('interim heads pass and are kept with their time', () => {
  const { exchange, informed } = ask();
  const tap = tapped(exchange, { bodyBytesMax: 10 }).tap;
  const head = { status: 103, statusText: 'Hints', httpVersion: '1.1', headers: [] };
  tap.exchange.inform(head);
  expect(informed).toEqual([head]);
  expect(tap.informational()).toEqual([{ atMs: expect.any(Number), head }]);
});

test('the signal is not made before somebody asks for it', () => {
  let made = 0;
  const { exchange } = ask();
  const lazy = Object.defineProperty({ ...exchange }, 'signal', {
    enumerable: true,
    get: () => {
      made += 1;
      return exchange.signal;
    },
  });
  const tap = tapped(lazy, { bodyBytesMax: 10 }).tap;
  expect(made).toBe(0);
  expect(tap.exchange.signal).toBe(exchange.signal);
});

test('a watcher sees each part of a WebSocket, also those that came before it', async () => {
  const tap = tapped(ask({ kind: 'websocket', body: parts('a', 'b', 'c') }).exchange, {
    bodyBytesMax: 1,
  }).tap;
  if (tap.exchange.body === undefined || Buffer.isBuffer(tap.exchange.body)) throw new Error();
  const iterator = tap.exchange.body[Symbol.asyncIterator]();
  await iterator.next();
  const seen: Part[] = [];
  tap.watch((one) => {
    seen.push(one);
    return undefined;
  });
  await iterator.next();
  await iterator.next();
  expect(seen).toEqual([part('a'), part('b'), part('c')]);
  // Nothing of it is the request's body.
  expect(tap.body()).toEqual({});
});

test('there is nothing to watch where nothing is said', () => {
  const tap = tapped(ask({ kind: 'websocket' }).exchange, { bodyBytesMax: 1 }).tap;
  tap.watch(() => {
    throw new Error('never');
  });
  expect(tap.exchange.body).toBeUndefined();
});
