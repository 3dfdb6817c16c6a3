import { describe, expect, test } from '@jest/globals';
import { ValueError } from '../../src/config/values.ts';
import { addressRanges, capturedPorts, users } from '../../src/config/values-capture.ts';

test('ports are all of them, or those that are named', () => {
  expect(capturedPorts(' ALL ')).toBe('all');
  expect(capturedPorts('8080,3000')).toEqual([8080, 3000]);
  expect(capturedPorts('')).toEqual([]);
  expect(() => capturedPorts('all,80')).toThrow(ValueError);
});

describe('ranges', () => {
  test('are addresses and CIDR ranges of both families, each once', () => {
    expect(addressRanges('10.0.0.0/8, FD00::/8,192.0.2.1,10.0.0.0/8,')).toEqual([
      '10.0.0.0/8',
      'fd00::/8',
      '192.0.2.1',
    ]);
    expect(addressRanges('')).toEqual([]);
  });

  // Each of them would be text in a rule, or a rule of the wrong family.
  test.each([
    ['example.org'],
    ['10.0.0.0/33'],
    ['10.0.0'],
    ['fe80::1%eth0'],
    ['::ffff:10.0.0.1'],
    ['::ffff:a00:1'],
    ['10.0.0.1 -j ACCEPT'],
    ['10.0.0.1\nCOMMIT'],
    ['!10.0.0.1'],
    ['-d'],
  ])('are not %j', (text) => {
    expect(() => addressRanges(text)).toThrow(ValueError);
  });
});

describe('users', () => {
  test('are numbers and ranges of them', () => {
    expect(users('0, 1000,2000-2999,4294967294,5-5,0')).toEqual([
      '0',
      '1000',
      '2000-2999',
      '4294967294',
      '5-5',
    ]);
    expect(users('')).toEqual([]);
  });

  test.each([['root'], ['9-3'], ['-1'], ['4294967295'], ['1-2-3'], ['1 -j ACCEPT']])(
    'are not %j',
    (text) => {
      expect(() => users(text)).toThrow(ValueError);
    },
  );
});
