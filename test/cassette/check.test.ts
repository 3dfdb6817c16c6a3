import { expect, test } from '@jest/globals';
import {
  corrupt,
  fieldsOf,
  headersField,
  listOf,
  numberField,
  textField,
  wordField,
} from '../../src/cassette/check.ts';

const fields = { text: 'a', number: 1, headers: [['a', 'b']], odd: [['a', 'b', 'c']], list: [1] };

test('what is as it should be passes', () => {
  expect(fieldsOf(fields, 'x')).toBe(fields);
  expect(listOf(fields.list, 'x')).toBe(fields.list);
  expect(textField(fields, 'text', 'x')).toBe('a');
  expect(numberField(fields, 'number', 'x')).toBe(1);
  expect(wordField(fields, 'text', { words: ['a', 'b'], where: 'x' })).toBe('a');
  expect(headersField(fields, 'headers', 'x')).toEqual([['a', 'b']]);
});

test.each([
  ['f: is no object', () => fieldsOf([], 'f')],
  ['f: is no object', () => fieldsOf(null, 'f')],
  ['f: is no list', () => listOf({}, 'f')],
  ['f.number: is no text', () => textField(fields, 'number', 'f')],
  ['f.text: is no number', () => numberField(fields, 'text', 'f')],
  ['f.text: is none of b, c', () => wordField(fields, 'text', { words: ['b', 'c'], where: 'f' })],
  ['f.absent: is no list', () => headersField(fields, 'absent', 'f')],
  ['f.list: is no list', () => headersField(fields, 'list', 'f')],
  ['f.odd: has an entry', () => headersField(fields, 'odd', 'f')],
])('what is not is named: %s', (words, check) => {
  expect(check).toThrow(expect.objectContaining({ code: 'CASSETTE_CORRUPT' }));
  expect(check).toThrow(words);
});

test('a cause is kept', () => {
  const cause = new Error('why');
  expect(corrupt('f', 'broke', cause).cause).toBe(cause);
});
