import { expect, test } from '@jest/globals';
import { grpcOptions } from '../../src/config/options-grpc.ts';

test('nothing is known of messages, asked or ignored, unless somebody says so', () => {
  const { grpcProtos, grpcReflection, grpcIgnore } = grpcOptions;
  expect(grpcProtos.parse(grpcProtos.default)).toEqual([]);
  expect(grpcReflection.parse(grpcReflection.default)).toBe(false);
  expect(grpcIgnore.parse(grpcIgnore.default)).toEqual([]);
});

test('fields are named by their message, or numbered by their method', () => {
  const { grpcIgnore } = grpcOptions;
  const fields = ['a.b.Message.field', '/a.b.Service/Method:1.2.3'];
  expect(grpcIgnore.parse(`${fields.join(', ')}, ${fields[0]}`)).toEqual(fields);
  for (const wrong of ['field', '/a.B/C', '/a.B/C:', '/a.B/C:x', 'a..b', 'a.b:1']) {
    expect(() => grpcIgnore.parse(wrong)).toThrow(`"${wrong}" is no field`);
  }
});
