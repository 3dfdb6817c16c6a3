import { expect, test } from '@jest/globals';
import { createBoundedCache } from '../../src/support/bounded-cache.ts';

test('what was not asked for longest makes room', () => {
  const cache = createBoundedCache<number>(2);
  cache.set('a', 1, Infinity);
  cache.set('b', 2, Infinity);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3, Infinity);
  expect(cache.size).toBe(2);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
});

test('an entry is gone once it has expired', () => {
  let now = 0;
  const cache = createBoundedCache<string>(10, () => now);
  cache.set('a', 'x', 100);
  now = 99;
  expect(cache.get('a')).toBe('x');
  now = 100;
  expect(cache.get('a')).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('setting a key again replaces its value, and deleting forgets it', () => {
  const cache = createBoundedCache<string>(10);
  cache.set('a', 'x', Infinity);
  cache.set('a', 'y', Infinity);
  expect(cache.size).toBe(1);
  expect(cache.get('a')).toBe('y');
  cache.delete('a');
  expect(cache.get('a')).toBeUndefined();
});
