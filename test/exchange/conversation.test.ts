import { expect, test } from '@jest/globals';
import { endingTypes, finished } from '../../src/exchange/conversation.ts';

test('each type of ending is listed once', () => {
  expect(new Set(endingTypes).size).toBe(endingTypes.length);
  expect(endingTypes).toContain(finished.type);
});

test('a message that came whole has no trailers of its own', () => {
  expect(finished).toEqual({ type: 'finished', trailers: [] });
});
