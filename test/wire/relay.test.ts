import { duplexPair } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { Ending, Part } from '../../src/exchange/conversation.ts';
import { createChannel } from '../../src/support/channel.ts';
import { goneBy, partsOf, pumpClient, pumpServer } from '../../src/wire/relay.ts';
import { parts, read } from './harness.ts';

test('a client that resets is told from one that goes otherwise', () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  expect(goneBy(reset)).toEqual({ type: 'reset', by: 'client' });
  for (const error of [undefined, null, new Error('x'), { code: 'EPIPE' }]) {
    expect(goneBy(error)).toEqual({ type: 'cut', by: 'client' });
  }
});

test('a body is parts however it is held', async () => {
  expect(await read(partsOf(undefined))).toBe('');
  expect(await read(partsOf(Buffer.from('ab')))).toBe('ab');
  expect(await read(partsOf(parts('a', 'b')))).toBe('ab');
});

test('what a client sends goes into the channel, and its end ends it', async () => {
  const [ours, theirs] = duplexPair();
  const sent = createChannel<Part>();
  const left: Ending[] = [];
  theirs.end('hello');
  await pumpClient({ socket: ours, startedAt: 0, sent, leave: (ending) => left.push(ending) });
  expect(await read(sent)).toBe('hello');
  expect(left).toEqual([]);
});

test('a client that breaks off leaves', async () => {
  const [ours] = duplexPair();
  const sent = createChannel<Part>();
  const left: Ending[] = [];
  ours.on('error', () => {});
  setImmediate(() => ours.destroy(Object.assign(new Error('x'), { code: 'ECONNRESET' })));
  await pumpClient({ socket: ours, startedAt: 0, sent, leave: (ending) => left.push(ending) });
  expect(await read(sent)).toBe('');
  expect(left).toEqual([{ type: 'reset', by: 'client' }]);
});

test('the server’s parts stop where the client has gone', async () => {
  const [ours] = duplexPair();
  let given = 0;
  async function* endless() {
    for (;;) {
      given += 1;
      yield* parts('x');
    }
  }
  ours.destroy();
  await pumpServer(ours, { body: endless(), ending: { type: 'cut', by: 'client' } }, () => {
    throw new Error('never');
  });
  expect(given).toBe(1);
});
