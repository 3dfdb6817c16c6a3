import { expect, test } from '@jest/globals';
import { createRefusalTally } from '../../src/journal/refusals.ts';

const one = { host: 'a.test:443', runtime: 'Go', how: 'alert bad_certificate' };

test('refusals are counted by host, runtime and way', () => {
  const tally = createRefusalTally();
  expect(tally.add(one)).toBe(1);
  expect(tally.add({ ...one, runtime: 'Node' })).toBe(1);
  expect(tally.add({ ...one, host: 'b.test:443' })).toBe(1);
  expect(tally.add(one)).toBe(2);
  expect(tally.list()).toEqual([
    { host: 'a.test:443', count: 2, runtime: 'Go', how: 'alert bad_certificate' },
    { host: 'a.test:443', count: 1, runtime: 'Node', how: 'alert bad_certificate' },
    { host: 'b.test:443', count: 1, runtime: 'Go', how: 'alert bad_certificate' },
  ]);
});

test('kinds beyond a hundred are counted together, those that are known go on', () => {
  const tally = createRefusalTally();
  for (let count = 0; count < 150; count++) tally.add({ ...one, host: `${count}.test:443` });
  expect(tally.add({ ...one, host: '0.test:443' })).toBe(2);
  expect(tally.list()).toHaveLength(101);
  expect(tally.list().at(-1)).toMatchObject({ host: 'other', count: 50, runtime: 'unknown' });
});
