import { expect, test } from '@jest/globals';
import { conversationFailures } from '../../src/exchange/failures-conversation.ts';

test('what no answer can carry has no status', () => {
  expect(conversationFailures.UNRECORDED_STREAM.status).toBe(0);
  expect(conversationFailures.BODY_TOO_LARGE.status).toBe(0);
});
