import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Ignored } from '../../src/support/protobuf-wire.ts';
import { bytesIn, wireForm, withLength, withoutFields } from '../../src/support/protobuf-wire.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function ignoring(...fields: [number, 'ignored' | Ignored][]): Ignored {
  return { fields: new Map(fields) };
}

test('a message is shown by the numbers of its fields', () => {
  expect(wireForm(hex('08 96 01'))).toEqual({ 1: 150 });
  expect(wireForm(hex('12 07 74 65 73 74 69 6e 67'))).toEqual({ 2: 'testing' });
  expect(wireForm(hex('1a 03 08 96 01'))).toEqual({ 3: { 1: 150 } });
  expect(wireForm(hex('08 01 08 02 08 03'))).toEqual({ 1: [1, 2, 3] });
  expect(wireForm(hex('0d 00000001 11 0000000000000002'))).toEqual({
    1: { fixed32: '00000001' },
    2: { fixed64: '0000000000000002' },
  });
  expect(wireForm(hex('08 ff ff ff ff ff ff ff ff ff 01'))).toEqual({ 1: '18446744073709551615' });
  expect(wireForm(hex('0a 02 ff ff'))).toEqual({ 1: { base64: '//8=' } });
  expect(wireForm(Buffer.alloc(0))).toEqual({});
});

test.each(['ff', '00 01', '0a 05 61', '0b 08 01 0c', '0d 00', '08'])(
  '%s is no message',
  (bytes) => {
    expect(wireForm(hex(bytes))).toBeUndefined();
    expect(withoutFields(hex(bytes), ignoring([1, 'ignored']))).toEqual(hex(bytes));
  },
);

test('a message nested too deep is shown as bytes, and nothing overflows', () => {
  let message = hex('08 01');
  for (let depth = 0; depth < 5000; depth += 1) message = withLength(1, message);
  expect(JSON.stringify(wireForm(message))).toMatch(/base64/);
});

test('fields that are ignored are left out, also within others', () => {
  const inner = Buffer.concat([hex('08 07'), hex('10 09')]);
  const message = Buffer.concat([hex('08 01'), withLength(2, inner), hex('18 05')]);
  expect(withoutFields(message, ignoring([3, 'ignored']))).toEqual(message.subarray(0, -2));
  expect(withoutFields(message, ignoring([2, ignoring([1, 'ignored'])]))).toEqual(
    Buffer.concat([hex('08 01'), withLength(2, hex('10 09')), hex('18 05')]),
  );
  expect(withoutFields(message, ignoring([9, 'ignored'], [1, ignoring([1, 'ignored'])]))).toBe(
    message,
  );
  const fields = new Map<number, 'ignored' | (() => Ignored)>([[1, 'ignored']]);
  const endless: Ignored = { fields: fields.set(2, () => endless) };
  expect(withoutFields(message, endless)).toEqual(
    Buffer.concat([withLength(2, hex('10 09')), hex('18 05')]),
  );
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const message = Buffer.from(bytes);
      wireForm(message);
      const ignored = ignoring([1, 'ignored'], [2, ignoring([1, 'ignored'])]);
      expect(withoutFields(message, ignored).length).toBeLessThanOrEqual(message.length);
    }),
  );
});

test('a length of several bytes is written as such', () => {
  expect(withLength(20, Buffer.alloc(300)).subarray(0, 4)).toEqual(hex('a2 01 ac 02'));
});

test('the bytes of a field are found, each time that it stands there', () => {
  const message = Buffer.concat([withLength(1, hex('aa')), hex('08 01'), withLength(1, hex('bb'))]);
  expect(bytesIn(message, 1)).toEqual([hex('aa'), hex('bb')]);
  expect(bytesIn(message, 2)).toEqual([]);
  expect(bytesIn(hex('ff'), 1)).toEqual([]);
});
