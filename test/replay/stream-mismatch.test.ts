import { expect, test } from '@jest/globals';
import { mismatchWords } from '../../src/replay/stream-mismatch.ts';

test('a mismatch is told in text, else in hex, and shortened', () => {
  expect(mismatchWords({ offset: 3, expected: Buffer.from('a\r\n'), got: Buffer.from('b') })).toBe(
    'client byte 3: expected "a\\r\\n", got "b"',
  );
  expect(mismatchWords({ offset: 0, expected: undefined, got: Buffer.from([0, 255]) })).toBe(
    'client byte 0: expected the end, got hex 00ff',
  );
  const long = mismatchWords({ offset: 0, expected: undefined, got: Buffer.alloc(500, 'x') });
  expect(long).toBe(`client byte 0: expected the end, got "${'x'.repeat(48)}"…`);
});
