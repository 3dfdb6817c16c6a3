import { expect, test } from '@jest/globals';
import { messagesBeforeHead, recordedEnding } from '../../src/replay/play-grpc.ts';
import { okay, recordedCall } from '../mode/calls.ts';

test.each([
  [['c:a', 'c.', 'head', 's:1'], 2],
  [['head', 'c:a', 's:1'], 0],
  [['c:a', 'head', 'c:b', 's:1'], 1],
  [['c:a', 'c.', 'head'], 2],
  [['c:a', 'c:b'], 2],
])('before the head of %j stand %i messages', (lines, count) => {
  expect(messagesBeforeHead(recordedCall(lines))).toBe(count);
});

test('a recording that stopped early has no ending of its own', () => {
  expect(recordedEnding(recordedCall(['head']))).toEqual(okay);
  const cut = { type: 'cut', by: 'server' };
  expect(recordedEnding(recordedCall(['head'], { truncated: 'size' }))).toEqual(cut);
});
