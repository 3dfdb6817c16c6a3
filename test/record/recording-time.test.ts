import { expect, test } from '@jest/globals';
import type { Failure } from '../../src/exchange/failure.ts';
import { limitTime } from '../../src/record/recording-time.ts';
import { until } from '../mode/harness.ts';

function limited(startedAt: number, streamMsMax: number) {
  const told: Failure[] = [];
  const end = limitTime({
    startedAt,
    streamMsMax,
    what: 'a thing',
    onUp: (failure) => told.push(failure),
  });
  return { told, end };
}

test('tells once when the time is up, counted from the beginning of the exchange', async () => {
  const { told } = limited(performance.now() - 60_000, 60_010);
  expect(told).toEqual([]);
  await until(() => told.length > 0, 'the end of its time');
  expect(told.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    'STREAM_TOO_LONG: a thing: it takes longer than 60010 ms; it passes, and the rest of it is not recorded',
  ]);
});

test('one whose time was over before tells at once', async () => {
  const { told } = limited(performance.now() - 60_000, 1);
  await until(() => told.length > 0, 'the end of its time');
});

test('an exchange that has ended is told nothing', async () => {
  const { told, end } = limited(performance.now(), 5);
  end();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(told).toEqual([]);
});
