import { expect, test } from '@jest/globals';
import { createChannel } from '../../src/support/channel.ts';

async function settled(promise: Promise<unknown>): Promise<boolean> {
  let over = false;
  void promise.then(() => {
    over = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 1));
  return over;
}

test('items come out in order, also those that came before the reader and before the end', async () => {
  const channel = createChannel<number>();
  await channel.push(1);
  await channel.push(2);
  channel.end();
  await channel.push(3);
  const got: number[] = [];
  for await (const item of channel) got.push(item);
  expect(got).toEqual([1, 2]);
});

test('a reader waits for its writer', async () => {
  const channel = createChannel<string>();
  const iterator = channel[Symbol.asyncIterator]();
  const next = iterator.next();
  expect(await settled(next)).toBe(false);
  await channel.push('a');
  expect((await next).value).toBe('a');
  const end = iterator.next();
  channel.end();
  expect((await end).done).toBe(true);
});

test('a writer waits while the reader is behind by the limit', async () => {
  const channel = createChannel<number>(2);
  const iterator = channel[Symbol.asyncIterator]();
  expect(await settled(channel.push(1))).toBe(true);
  const second = channel.push(2);
  expect(await settled(second)).toBe(false);
  await iterator.next();
  expect(await settled(second)).toBe(true);
});

test('a writer that waits is let go by the end, and by a reader that stops', async () => {
  const ended = createChannel<number>(1);
  const waiting = ended.push(1);
  expect(await settled(waiting)).toBe(false);
  ended.end();
  expect(await settled(waiting)).toBe(true);
  const left = createChannel<number>(1);
  const first = left.push(1);
  for await (const item of left) if (item === 1) break;
  expect(await settled(first)).toBe(true);
  expect(await settled(left.push(2))).toBe(true);
});

test('items that are nothing are items', async () => {
  const channel = createChannel<undefined>();
  await channel.push(undefined);
  channel.end();
  let count = 0;
  for await (const item of channel) if (item === undefined) count += 1;
  expect(count).toBe(1);
});
