import { expect, test } from '@jest/globals';
import { addressBytes } from '../../src/tls/address-bytes.ts';

test.each([
  ['127.0.0.1', [127, 0, 0, 1]],
  ['::1', [...Array<number>(15).fill(0), 1]],
  ['::', Array<number>(16).fill(0)],
  ['fd00:1::ab:c', [0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0, 0xc]],
])('%s', (address, bytes) => expect(addressBytes(address)).toEqual(bytes));
