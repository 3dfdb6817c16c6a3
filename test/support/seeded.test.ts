import { expect, test } from '@jest/globals';
import { seeded } from '../../src/support/seeded.ts';

const draws = (seed: string, count = 1000): number[] => Array.from({ length: count }, seeded(seed));

test('the same seed gives the same numbers, another one others', () => {
  expect(draws('a')).toEqual(draws('a'));
  expect(draws('a', 3)).not.toEqual(draws('b', 3));
});

test('they are spread from 0 to 1', () => {
  const all = draws('spread', 10_000);
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...all)).toBeLessThan(1);
  for (const tenth of [0.1, 0.5, 0.9]) {
    const below = all.filter((one) => one < tenth).length / all.length;
    expect(Math.abs(below - tenth)).toBeLessThan(0.02);
  }
});
