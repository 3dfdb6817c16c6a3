import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { pack } from '../../src/cassette/msgpack.ts';
import { msgpackFault } from '../../src/cassette/msgpack-fault.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('any value as it is packed has no fault, and any part of it has', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.uint8Array(), (value, bytes) => {
      const packed = pack({ value, bytes: Buffer.from(bytes) });
      expect(msgpackFault(packed)).toBeUndefined();
      for (let length = 0; length < packed.length; length += 1) {
        expect(msgpackFault(packed.subarray(0, length))).toBeLessThanOrEqual(length);
      }
    }),
  );
});

describe('no fault', () => {
  test.each([
    ['fixints', '92 7f e0'],
    ['nil and booleans', '93 c0 c2 c3'],
    ['floats', '92 ca 00000000 cb 0000000000000000'],
    ['unsigned', '94 cc 00 cd 0000 ce 00000000 cf 0000000000000000'],
    ['signed', '94 d0 00 d1 0000 d2 00000000 d3 0000000000000000'],
    ['strings', '94 a1 61 d9 01 61 da 0001 61 db 00000001 61'],
    ['byte strings', '93 c4 01 00 c5 0001 00 c6 00000001 00'],
    ['lists', '92 dc 0001 c0 dd 00000001 c0'],
    ['maps', '93 81 a1 61 c0 de 0001 a1 61 c0 df 00000001 a1 61 c0'],
  ])('in %s', (_what, text) => expect(msgpackFault(hex(text))).toBeUndefined());
});

describe('a fault', () => {
  test.each([
    ['nothing', '', 0],
    ['the unused type', '91 c1', 1],
    ['an extension', '91 d4 00 00', 1],
    ['a string that is cut', '91 a5 61', 1],
    ['a length that is cut', '91 db 0000', 1],
    ['a list of four thousand million', 'dd ffffffff', 5],
    ['bytes of four thousand million', 'c6 ffffffff 00', 0],
    ['something after it', 'c0 c0', 1],
  ])('in %s', (_what, text, at) => expect(msgpackFault(hex(text))).toBe(at));
});
