import { expect, test } from '@jest/globals';
import type { Distribution } from '../../src/exchange/fault.ts';
import { draw } from '../../src/mode/distribution.ts';
import { seeded } from '../../src/support/seeded.ts';

function sorted(of: Distribution): readonly number[] {
  const random = seeded('distribution');
  return Array.from({ length: 10_000 }, () => draw(of, random)).toSorted((a, b) => a - b);
}

const at = (all: readonly number[], share: number): number => all[all.length * share] ?? Number.NaN;

test('each shape has its own form', () => {
  expect(draw({ shape: 'fixed', ms: 7 }, () => 0.3)).toBe(7);
  const uniform = sorted({ shape: 'uniform', leastMs: 10, mostMs: 20 });
  expect(uniform[0]).toBeGreaterThanOrEqual(10);
  expect(uniform.at(-1)).toBeLessThan(20);
  expect(at(uniform, 0.5)).toBeCloseTo(15, 0);
  const normal = sorted({ shape: 'normal', meanMs: 1000, deviationMs: 100 });
  expect(Math.abs(at(normal, 0.5) - 1000)).toBeLessThan(10);
  expect(Math.abs(at(normal, 0.841) - 1100)).toBeLessThan(15);
  const lognormal = sorted({ shape: 'lognormal', medianMs: 100, sigma: 1 });
  expect(Math.abs(at(lognormal, 0.5) - 100)).toBeLessThan(5);
  expect(Math.abs(at(lognormal, 0.841) - 272)).toBeLessThan(20);
});

test('nothing takes less than no time', () => {
  expect(sorted({ shape: 'normal', meanMs: 0, deviationMs: 100 })[0]).toBe(0);
});
