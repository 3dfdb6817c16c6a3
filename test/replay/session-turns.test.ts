import { expect, test } from '@jest/globals';
import type { Entry } from '../../src/cassette/cassette.ts';
import { createSessionTurns } from '../../src/replay/session-turns.ts';
import { interaction } from '../mode/harness.ts';

const [one, two, three] = [0, 1, 2].map((place): Entry => {
  return { interaction: interaction(), bodyDigest: '', place };
}) as [Entry, Entry, Entry];

test('what was not played comes first, then the last again, until they begin anew', () => {
  const served: Entry[] = [];
  const turns = createSessionTurns([one, two, three], (entry) => served.push(entry));
  expect(turns.peek([])).toBeUndefined();
  expect(turns.peek([one, three])).toEqual({ entry: one, repeated: false });
  expect(turns.take(one)).toEqual({ entry: one, repeated: false });
  expect(turns.peek([one, three])).toEqual({ entry: three, repeated: false });
  expect(turns.peek([one])).toEqual({ entry: one, repeated: true });
  expect(turns.take(one)).toEqual({ entry: one, repeated: true });
  expect(turns.reset(({ place }) => place < 2)).toBe(2);
  expect(turns.take(one).repeated).toBe(false);
  expect(served).toEqual([one, one, one]);
});
