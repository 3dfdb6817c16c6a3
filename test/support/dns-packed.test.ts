import { expect, test } from '@jest/globals';
import {
  packedData,
  packetType,
  typeCode,
  typeName,
  unpackedData,
} from '../../src/support/dns-packed.ts';

test.each([
  ['A', '10.0.0.1', '0a000001'],
  ['AAAA', 'fd77::2', `fd77${'0'.repeat(27)}2`],
  ['TYPE4711', Buffer.from([1, 2]), '0102'],
  ['DNAME', 'a.b', '0161016200'],
])('data of type %s are packed and unpacked', (type, data, hex) => {
  const bytes = packedData(type, data);
  expect(bytes.toString('hex')).toBe(hex);
  expect(unpackedData(type, bytes)).toEqual(data);
});

test.each([
  ['A', 'fd77::2'],
  ['AAAA', '10.0.0.1'],
])('data of type %s are not %s', (type, data) => {
  expect(() => packedData(type, data)).toThrow('is no IPv');
});

test.each([
  ['HTTPS', 65],
  ['SVCB', 64],
  ['MX', 15],
  ['TYPE4711', 4711],
  ['NONE', 0],
])('the type %s is number %d', (type, code) => {
  expect(typeCode(type)).toBe(code);
});

test('types are spelt otherwise by the codec', () => {
  const spelt = ['UNKNOWN_65', 'UNKNOWN_64', 'UNKNOWN_4711', 'A'];
  expect(spelt.map(typeName)).toEqual(['HTTPS', 'SVCB', 'TYPE4711', 'A']);
  expect(spelt.map(typeName).map(packetType)).toEqual(spelt);
});
