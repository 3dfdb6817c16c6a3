import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isRereadable, rereadable } from '../../src/support/rereadable.ts';

async function* letters(text: string, over = () => {}): AsyncGenerator<string> {
  try {
    yield* text;
  } finally {
    over();
  }
}

async function all(source: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const letter of source) text += letter;
  return text;
}

test('whatever was read ahead is read again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary-ascii' }), fc.nat(20), async (text, limit) => {
      const reading = rereadable(letters(text), () => 1);
      const whole = await reading.readAhead(limit);
      expect(whole).toBe(text.length <= limit);
      expect(reading.ahead).toHaveLength(Math.min(text.length, limit + 1));
      expect(await all(reading)).toBe(text);
    }),
  );
});

test('one reader goes on where another read ahead, and a later one reads ahead further', async () => {
  const reading = rereadable(letters('abcdef'), () => 1);
  expect(await reading.readAhead(1)).toBe(false);
  expect(await reading.readAhead(3)).toBe(false);
  expect(reading.ahead.join('')).toBe('abcd');
  expect(await reading.readAhead(100)).toBe(true);
  expect(await all(reading)).toBe('abcdef');
  expect(await all(reading)).toBe('abcdef');
});

test('the source is let go of when nobody reads on', async () => {
  let over = 0;
  const count = (): void => {
    over += 1;
  };
  const released = rereadable(letters('abc', count), () => 1);
  await released.readAhead(0);
  await released.release();
  expect(over).toBe(1);
  expect(await all(released)).toBe('a');
  const left = rereadable(letters('abc', count), () => 1);
  for await (const letter of left) if (letter === 'a') break;
  expect(over).toBe(2);
});

test('one made here is known', () => {
  expect(isRereadable(rereadable(letters(''), () => 1))).toBe(true);
  expect(isRereadable(letters(''))).toBe(false);
});
