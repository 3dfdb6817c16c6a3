import { expect, test } from '@jest/globals';
import { clientEnding } from '../../src/exchange/client-left.ts';

test('the reason of a signal says how the client went', () => {
  const reset = { type: 'reset', by: 'client' } as const;
  expect(clientEnding(AbortSignal.abort(reset))).toBe(reset);
});

test('any other reason, or none, is a client that gave up', () => {
  const cut = { type: 'cut', by: 'client' };
  for (const reason of [undefined, null, 'words', new Error('x'), { type: 'reset' }]) {
    expect(clientEnding(AbortSignal.abort(reason))).toEqual(cut);
  }
  expect(clientEnding(new AbortController().signal)).toEqual(cut);
});
