import { describe, expect, test } from '@jest/globals';
import { createAddressList, isAddressRange } from '../../src/support/address-list.ts';

describe('an address list', () => {
  const list = createAddressList([
    '10.0.0.0/8',
    '192.168.7.9',
    'fc00::/7',
    '::ffff:172.16.0.0/108',
  ]);

  test.each([
    ['10.0.0.1', true],
    ['10.255.255.255', true],
    ['11.0.0.0', false],
    ['192.168.7.9', true],
    ['192.168.7.10', false],
    ['fd12::1', true],
    ['2001:db8::1', false],
    ['172.31.0.1', true],
    ['172.32.0.1', false],
  ])('holds %s: %s', (address, held) => {
    expect(list.has(address)).toBe(held);
  });

  test.each([
    ['::ffff:10.1.2.3', true],
    ['::FFFF:10.1.2.3', true],
    ['::ffff:a01:203', true],
    ['::ffff:8.8.8.8', false],
    ['fd12::1%eth0', true],
  ])('unwraps %s as sockets name it: %s', (address, held) => {
    expect(list.has(address)).toBe(held);
  });

  test('holds nothing that is no address', () => {
    expect(list.has('')).toBe(false);
    expect(list.has('localhost')).toBe(false);
    expect(list.has('10.0.0.1/8')).toBe(false);
  });

  test('holds nothing when it was given nothing, and everything of a family for /0', () => {
    expect(createAddressList([]).has('127.0.0.1')).toBe(false);
    expect(createAddressList(['0.0.0.0/0']).has('8.8.8.8')).toBe(true);
    expect(createAddressList(['0.0.0.0/0']).has('2001:db8::1')).toBe(false);
    expect(createAddressList(['::/0']).has('2001:db8::1')).toBe(true);
  });

  test('refuses a range that is none, and names it', () => {
    expect(() => createAddressList(['10.0.0.0/33'])).toThrow('10.0.0.0/33');
    expect(() => createAddressList(['example.org'])).toThrow(RangeError);
  });

  test.each([
    '',
    '/',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.0/-1',
    '::/129',
    'fe80::1%eth0',
    '::ffff:1.2.3.4/9',
  ])('knows that "%s" is no range', (text) => {
    expect(isAddressRange(text)).toBe(false);
  });

  test.each(['0.0.0.0/0', '10.0.0.0/8', '127.0.0.1', '::1', 'fe80::/10', '::ffff:1.2.3.4/104'])(
    'knows that "%s" is a range',
    (text) => {
      expect(isAddressRange(text)).toBe(true);
    },
  );
});
