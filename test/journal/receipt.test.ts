import { expect, test } from '@jest/globals';
import { noCounts } from '../../src/journal/counts.ts';
import { receipt } from '../../src/journal/journal.ts';

test('a receipt has the counts and the facts, in the documented order', () => {
  const made = receipt(
    { ...noCounts(), served: 5, repeated: 2, missed: 1, failed: 4, streams: 6, liveCalls: 3 },
    {
      mode: 'replay',
      cassette: 'login/ok',
      loaded: 9,
      unused: 7,
      unfinished: true,
      cassetteDigest: 'sha256:00',
    },
  );
  expect(JSON.stringify(made)).toBe(
    '{"mode":"replay","cassette":"login/ok","loaded":9,"served":5,"missed":1,"repeated":2,' +
      '"unused":7,"recorded":0,"liveCalls":3,"streams":6,"failed":4,"unfinished":true,' +
      '"cassetteDigest":"sha256:00"}',
  );
});
