import { networkInterfaces } from 'node:os';
import { expect, test } from '@jest/globals';
import { isOwnAddress, reachesIpv6 } from '../../src/support/interfaces.ts';

test('the addresses of the interfaces are our own, and no others', () => {
  const own = Object.values(networkInterfaces()).flatMap((faces) => faces ?? []);
  expect(own.map(({ address }) => isOwnAddress(address))).toEqual(own.map(() => true));
  expect(isOwnAddress('192.0.2.77')).toBe(false);
});

test('IPv6 reaches somewhere where an address is more than local', () => {
  const own = Object.values(networkInterfaces()).flatMap((faces) => faces ?? []);
  const global = own.some(({ address, internal }) => !internal && /^(?:[23]|f[cd])/i.test(address));
  expect(reachesIpv6()).toBe(global);
});
