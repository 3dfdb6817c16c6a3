import { expect, test } from '@jest/globals';
import { addressOfReverse } from '../../src/support/reverse-name.ts';

const nibbles = `2.${'0.'.repeat(27)}7.7.d.f`;

test.each([
  ['2.0.77.10.in-addr.arpa', '10.77.0.2'],
  [`${nibbles}.ip6.arpa`, 'fd77::2'],
  ['77.10.in-addr.arpa', undefined],
  ['256.0.77.10.in-addr.arpa', undefined],
  ['1.2.ip6.arpa', undefined],
  ['a.test', undefined],
])('%s asks for the name of %s', (name, address) => {
  expect(addressOfReverse(name)).toBe(address);
});
