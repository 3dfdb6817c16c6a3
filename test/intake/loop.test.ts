import { expect, test } from '@jest/globals';
import type { Arrival, Redirected } from '../../src/exchange/arrival.ts';
import { isLoop } from '../../src/intake/loop.ts';

const arrivalOf = (depth: number, address?: string): Arrival =>
  ({
    client: { address: '10.0.0.1', port: 4000 },
    depth,
    destination: { host: 'a.test', port: 443, secure: false, ...(address && { address }) },
  }) as Arrival;

test('a captured connection is asked for by both its ends, and by when it came', () => {
  const asked: Redirected[] = [];
  const isOwnSocket = (connection: Redirected): boolean => asked.push(connection) > 0;
  expect(isLoop(arrivalOf(0, '10.0.0.9'), 17, isOwnSocket)).toBe(true);
  expect(asked).toEqual([
    {
      from: { address: '10.0.0.1', port: 4000 },
      to: { address: '10.0.0.9', port: 443 },
      cameMs: 17,
    },
  ]);
  expect(isLoop(arrivalOf(0, '10.0.0.9'), 17, () => false)).toBe(false);
});

test.each([
  ['an explicit client', arrivalOf(0)],
  ['what is inside a tunnel', arrivalOf(1, '10.0.0.9')],
])('%s is no loop, and nobody is asked', (_, arrival) => {
  const isOwnSocket = (): never => {
    throw new Error('it is asked');
  };
  expect(isLoop(arrival, 0, isOwnSocket)).toBe(false);
});
