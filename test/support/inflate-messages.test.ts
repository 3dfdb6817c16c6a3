import { expect, test } from '@jest/globals';
import { createInflater } from '../../src/support/inflate-messages.ts';
import { deflated, deflatedTogether } from '../mode/frames.ts';

test('messages that point back to those before them, over more than a window', async () => {
  const texts = Array.from({ length: 300 }, (_, place) =>
    `message ${place} of many, `.repeat((place % 40) * 5 + 1),
  );
  const inflater = createInflater({ contextTakeover: true });
  for (const [place, payload] of (await deflatedTogether(texts)).entries()) {
    expect(String(await inflater.inflate(payload, 1_000_000))).toBe(texts[place]);
  }
});

test('messages that each begin afresh, and an empty one', async () => {
  const inflater = createInflater({ contextTakeover: false });
  for (const text of ['one one one', 'two', '', 'x'.repeat(40_000)]) {
    expect(String(await inflater.inflate(deflated(text), 40_000))).toBe(text);
  }
});

test('a large one comes later, with what is remembered for the next', async () => {
  const large = Array.from({ length: 9000 }, (_, place) => `${place * 7919}`).join('');
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = await deflatedTogether([
    large,
    large.slice(-20_000),
  ]);
  const inflater = createInflater({ contextTakeover: true });
  const later = inflater.inflate(first, 1_000_000);
  expect(Buffer.isBuffer(later)).toBe(false);
  expect(String(await later)).toBe(large);
  expect(second.length).toBeLessThan(1000);
  expect(String(await inflater.inflate(second, 1_000_000))).toBe(large.slice(-20_000));
});

test('no more is unpacked than may be, at once or later', async () => {
  const inflater = createInflater({ contextTakeover: true });
  expect(inflater.inflate(deflated('0'.repeat(100_000)), 99_999)).toBe('large');
  const large = Array.from({ length: 9000 }, (_, place) => `${place * 7919}`).join('');
  expect(await inflater.inflate(deflated(large), large.length - 1)).toBe('large');
  expect(inflater.inflate(Buffer.alloc(40, 0xff), 1000)).toBe('broken');
});
