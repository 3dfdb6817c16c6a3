import { expect, test } from '@jest/globals';
import type { TypeOf } from '../../src/support/grpc-ignored.ts';
import { ignoringFields } from '../../src/support/grpc-ignored.ts';
import { withLength } from '../../src/support/protobuf-wire.ts';

const one = withLength(1, Buffer.from('one'));
const two = withLength(2, Buffer.concat([one, withLength(3, Buffer.from('three'))]));
const message = Buffer.concat([one, two]);
const unknown: TypeOf = () => undefined;

function without(fields: readonly string[], typeOf: TypeOf = unknown, path = '/a.B/C'): Buffer {
  return ignoringFields(fields, typeOf)?.(path, message) ?? message;
}

test('without fields there is nothing to leave out', () => {
  expect(ignoringFields([], unknown)).toBeUndefined();
});

test('fields are left out by their numbers, of their method only', () => {
  expect(without(['/a.B/C:1'])).toEqual(two);
  expect(without(['/a.B/C:2.1'])).toEqual(
    Buffer.concat([one, withLength(2, withLength(3, Buffer.from('three')))]),
  );
  expect(without(['/a.B/C:2.1', '/a.B/C:2.3', '/a.B/C:1'])).toEqual(withLength(2, Buffer.alloc(0)));
  expect(without(['/a.B/C:2', '/a.B/C:2.1'])).toEqual(one);
  expect(without(['/a.B/C:2.1', '/a.B/C:2'])).toEqual(one);
  expect(without(['/a.B/C:1'], unknown, '/a.B/D')).toEqual(message);
});

test('fields are left out by their names where their type is known, which is asked once', () => {
  let asked = 0;
  const typeOf: TypeOf = (path) => {
    asked += 1;
    if (path !== '/a.B/C') return undefined;
    return {
      ignored: (names) => ({ fields: new Map(names.has('a.M.first') ? [[1, 'ignored']] : []) }),
    };
  };
  const ignoring = ignoringFields(['a.M.first', '/a.B/C:2.3'], typeOf);
  const rest = withLength(2, one);
  expect(ignoring?.('/a.B/C', message)).toEqual(rest);
  expect(ignoring?.('/a.B/C', message)).toEqual(rest);
  expect(asked).toBe(1);
  expect(ignoring?.('/other/D', message)).toEqual(message);
});
