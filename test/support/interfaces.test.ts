import { networkInterfaces } from 'node:os';
import { expect, test } from '@jest/globals';
import {
  addressBeside,
  isOwnAddress,
  reachableAddresses,
  reachesIpv6,
} from '../../src/support/interfaces.ts';

test('the addresses of the interfaces are our own, and no others', () => {
  const own = Object.values(networkInterfaces()).flatMap((faces) => faces ?? []);
  expect(own.map(({ address }) => isOwnAddress(address))).toEqual(own.map(() => true));
  expect(isOwnAddress('192.0.2.77')).toBe(false);
});

test('the addresses that others can reach are our own, and neither loopback nor of one link only', () => {
  const reachable = reachableAddresses();
  expect(reachable.every(isOwnAddress)).toBe(true);
  expect(reachable.filter((address) => /^(?:127|::1$|fe8)/.test(address))).toEqual([]);
});

test('beside an address stands that of the same interface, itself where the family is its own', () => {
  expect(addressBeside('127.0.0.1', 'IPv4')).toBe('127.0.0.1');
  expect(['::1', undefined]).toContain(addressBeside('127.0.0.1', 'IPv6'));
  expect(addressBeside('192.0.2.77', 'IPv4')).toBeUndefined();
});

test('IPv6 reaches somewhere where an address is more than local', () => {
  const own = Object.values(networkInterfaces()).flatMap((faces) => faces ?? []);
  const global = own.some(({ address, internal }) => !internal && /^(?:[23]|f[cd])/i.test(address));
  expect(reachesIpv6()).toBe(global);
});
