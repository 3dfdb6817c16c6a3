import { expect, test } from '@jest/globals';
import { lookUp } from '../../src/network/look-up.ts';

test('a name of this machine has addresses', async () => {
  const addresses = await lookUp('localhost');
  expect(addresses.length).toBeGreaterThan(0);
  for (const address of addresses) expect(['127.0.0.1', '::1']).toContain(address);
});

test('a name that nobody knows has none', async () => {
  // Longer than a label may be, so that nobody is even asked.
  expect(await lookUp(`${'x'.repeat(64)}.invalid`)).toEqual([]);
});
