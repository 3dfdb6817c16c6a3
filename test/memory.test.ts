import { expect, test } from '@jest/globals';
import type { Failure } from '../src/exchange/failure.ts';
import { createMemoryGauge } from '../src/memory.ts';

function gauge() {
  const told: Failure[] = [];
  const state = { used: 0, ms: 0, looks: 0 };
  const low = createMemoryGauge((failure) => void told.push(failure), {
    use: () => {
      state.looks += 1;
      return { limit: 100 * 2 ** 20, used: state.used * 2 ** 20 };
    },
    now: () => state.ms,
  });
  const after = (used: number): string | undefined => {
    state.used = used;
    state.ms += 500;
    return low()?.message;
  };
  return { told, state, low, after };
}

test('memory is low from 92 % on until it is below 85 % again, and that is told once', () => {
  const { told, after } = gauge();
  expect([91, 92, 91, 85, 84, 91, 93].map(after)).toEqual([
    undefined,
    '92 of 100 MiB are in use',
    '92 of 100 MiB are in use',
    '92 of 100 MiB are in use',
    undefined,
    undefined,
    '93 of 100 MiB are in use',
  ]);
  expect(told).toMatchObject([{ code: 'MEMORY_LOW' }, { code: 'MEMORY_LOW' }]);
});

test('it is looked twice a second at most, however many come', () => {
  const { low, state, after } = gauge();
  after(99);
  for (let client = 0; client < 1000; client += 1) expect(low()?.code).toBe('MEMORY_LOW');
  expect(state.looks).toBe(1);
});
