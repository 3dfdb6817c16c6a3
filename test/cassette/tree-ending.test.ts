import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { endingTree, readEnding } from '../../src/cassette/tree-ending.ts';
import { interaction } from './samples.ts';

test('any ending comes back from a plain object', () => {
  fc.assert(
    fc.property(interaction, ({ ending }) => {
      expect(readEnding(endingTree(ending), 'f')).toEqual(ending);
    }),
  );
});

test('an ending that nobody knows is told by its place', () => {
  expect(() => readEnding({ type: 'gone' }, 'f.ending')).toThrow('f.ending.type: is none of');
  expect(() => readEnding({ type: 'goaway' }, 'f.ending')).toThrow('f.ending.code: is no number');
});
