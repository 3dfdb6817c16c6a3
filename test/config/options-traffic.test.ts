import { expect, test } from '@jest/globals';
import { trafficOptions } from '../../src/config/options-traffic.ts';

test('replayed answers come at once, unless somebody asks for their time', () => {
  const { latency } = trafficOptions;
  expect(latency.parse(latency.default)).toEqual({ type: 'none' });
  expect(latency.parse('fixed:20')).toEqual({ type: 'fixed', ms: 20 });
});

test('bodies have a length, of which one byte is the least', () => {
  const { bodyBytesMax, bodyFileBytes } = trafficOptions;
  expect(bodyFileBytes.parse(bodyFileBytes.default)).toBe(2 ** 20);
  expect(() => bodyBytesMax.parse('0')).toThrow();
  expect(() => bodyFileBytes.parse('0')).toThrow();
});
