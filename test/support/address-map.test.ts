import { describe, expect, test } from '@jest/globals';
import { createAddressMap } from '../../src/support/address-map.ts';

const map = createAddressMap([
  ['172.16.0.0/12', 'wide'],
  ['172.30.0.0/24', 'narrow'],
  ['172.30.0.5', 'one'],
  ['172.30.0.5/32', 'later'],
  ['fd00::/8', 'wide six'],
  ['fd00:7::/64', 'narrow six'],
  ['::ffff:192.168.0.0/112', 'mapped'],
]);

describe('an address map', () => {
  test.each([
    ['172.17.0.1', { value: 'wide', single: false }],
    ['172.30.0.6', { value: 'narrow', single: false }],
    ['172.30.0.5', { value: 'one', single: true }],
    ['::ffff:172.30.0.5', { value: 'one', single: true }],
    ['fd12::1', { value: 'wide six', single: false }],
    ['fd00:7::9', { value: 'narrow six', single: false }],
    ['192.168.9.9', { value: 'mapped', single: false }],
  ])('gives %s what its narrowest range has', (address, found) => {
    expect(map.find(address)).toMatchObject(found);
  });

  test.each(['10.0.0.1', '2001:db8::1', '', 'localhost'])('has nothing for %j', (address) => {
    expect(map.find(address)).toBeUndefined();
  });

  test('cannot be made of what is no range', () => {
    expect(() => createAddressMap([['10.0.0.0/40', 1]])).toThrow(RangeError);
  });
});
