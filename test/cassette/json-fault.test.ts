import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { jsonFault } from '../../src/cassette/json-fault.ts';

test.each([
  ['{"a": 1,}', 8],
  ['{"a": 1 "b"}', 8],
  ['{"a" 1}', 5],
  ['{a: 1}', 1],
  ["{'a': 1}", 1],
  ['[1, 2', 5],
  ['[1, 2,', 6],
  ['[1, ]', 4],
  ['[1}', 2],
  ['{]', 1],
  ['{"a": tru}', 6],
  ['{"a": 01}', 6],
  ['{"a": 1.}', 6],
  ['{"a": "\n"}', 6],
  ['"\\x"', 0],
  ['"abc', 0],
  ['1 2', 2],
  ['{} // done', 3],
  ['', 0],
  ['<<<<<<< HEAD\n{}', 0],
  ['{"a": {"b": [1, {"c": null}, -1.5e+3, true, "\\u00e4"]}}x', 55],
])('%j stops being JSON at %i', (text, at) => {
  expect(() => void JSON.parse(text)).toThrow();
  expect(jsonFault(text)).toBe(at);
});

test('it never takes what JSON.parse takes for a fault, nor breaks on what it refuses', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.string(), (text, place, extra) => {
      expect(jsonFault(text)).toBe(text.length);
      const at = place % (text.length + 1);
      const spoilt = text.slice(0, at) + extra + text.slice(at + 1);
      const fault = jsonFault(spoilt);
      expect(fault).toBeLessThanOrEqual(spoilt.length);
      try {
        JSON.parse(spoilt);
        expect(fault).toBe(spoilt.length);
      } catch {
        // Refused: where it breaks off at its end, the fault lies at its end.
      }
    }),
  );
});
