import { expect, test } from '@jest/globals';
import { finished } from '../../src/exchange/conversation.ts';
import type { BodyEffect } from '../../src/mode/fault-body.ts';
import { spoil } from '../../src/mode/fault-body.ts';
import { parts } from './harness.ts';

/** The pieces that come, with the waits between them as numbers, and how it ends. */
async function spoilt(
  effects: readonly BodyEffect[],
  texts: readonly string[],
  messages = false,
): Promise<readonly unknown[]> {
  const came: unknown[] = [];
  const { body, ending } = spoil(effects, {
    body: parts(...texts),
    ending: finished,
    messages,
    readsOn: true,
    wait: async (ms) => void came.push(ms),
  });
  if (body !== undefined && !Buffer.isBuffer(body)) {
    for await (const { bytes } of body) came.push(bytes.toString());
  }
  return [...came, (await ending).type];
}

test.each<[readonly BodyEffect[], readonly unknown[]]>([
  [[{ type: 'truncate', afterBytes: 4 }], ['abc', 'd', 'cut']],
  [[{ type: 'truncate', afterBytes: 3 }], ['abc', 'cut']],
  [[{ type: 'truncate', afterBytes: 0 }], ['cut']],
  [[{ type: 'truncate', afterBytes: 7 }], ['abc', 'def', 'finished']],
  [[{ type: 'reset', afterBytes: 1 }], ['a', 'reset']],
  [[{ type: 'slice', bytes: 2, pauseMs: 9 }], ['ab', 9, 'c', 9, 'de', 9, 'f', 'finished']],
  [
    [{ type: 'bandwidth', bytesPerSecond: 100 }],
    [20, 'ab', 10, 'c', 20, 'de', 10, 'f', 'finished'],
  ],
  [[{ type: 'slowclose', ms: 50 }], ['abc', 50, 'def', 'finished']],
  [
    [
      { type: 'truncate', afterBytes: 4 },
      { type: 'slice', bytes: 3, pauseMs: 1 },
    ],
    ['abc', 1, 'd', 'cut'],
  ],
])('%j', async (effects, expected) => {
  expect(await spoilt(effects, ['abc', 'def'])).toEqual(expected);
});

test('messages stay whole', async () => {
  const slice = { type: 'slice', bytes: 1, pauseMs: 1 } as const;
  expect(await spoilt([slice], ['abc'], true)).toEqual(['abc', 'finished']);
});

test('what is cut off is read to its end all the same', async () => {
  let read = 0;
  async function* counted(): AsyncGenerator<never, void> {
    for await (const part of parts('a', 'b', 'c')) {
      read += 1;
      yield part as never;
    }
  }
  const { body } = spoil([{ type: 'truncate', afterBytes: 1 }], {
    body: counted(),
    ending: finished,
    messages: false,
    readsOn: true,
    wait: async () => {},
  });
  if (body !== undefined && !Buffer.isBuffer(body)) for await (const _ of body);
  await new Promise((resolve) => setImmediate(resolve));
  expect(read).toBe(3);
});
