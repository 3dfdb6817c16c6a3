import { describe, expect, test } from '@jest/globals';
import type { RecordedMessage } from '../../src/exchange/interaction.ts';
import { mismatchFailure, mismatchReason } from '../../src/replay/mismatch.ts';

function message(kind: RecordedMessage['kind'], text: string): RecordedMessage {
  return { from: 'client', atMs: 1, kind, bytes: Buffer.from(text) };
}

describe('a mismatch', () => {
  test.each([
    [message('text', 'a'), message('text', 'b'), 'expected "a", got "b"'],
    [message('binary', 'ab'), message('text', 'ü'), 'expected binary of 2 bytes, got "ü"'],
    [undefined, message('end', ''), 'expected the close, got its end'],
  ])('names place, expected and got', (expected, got, words) => {
    const failure = mismatchFailure({ place: 2, expected, got });
    expect([failure.code, failure.message]).toEqual([
      'SEQUENCE_MISMATCH',
      `client message 2: ${words}`,
    ]);
  });

  test('has both sides in whatever fits', () => {
    const long = {
      expected: message('text', 'ü'.repeat(500)),
      got: message('text', '😀'.repeat(99)),
    };
    const reason = mismatchReason({ place: 0, ...long }, 123);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    expect(reason).toMatch(/^client message 0: expected "ü+…, got "😀+…$/u);
  });
});
