import { describe, expect, test } from '@jest/globals';
import { madeUpAddresses } from '../../src/mode/made-up-addresses.ts';

describe('made-up addresses', () => {
  test('are the same in each run, and stay when other hosts come', () => {
    const few = madeUpAddresses(new Set(['b.test', 'a.test']));
    const more = madeUpAddresses(new Set(['c.test', 'a.test', 'b.test']));
    expect(few.get('a.test')).toBe('198.19.72.203');
    expect([...few].every(([host, address]) => more.get(host) === address)).toBe(true);
  });

  test('never meet, and stay within their range', () => {
    const hosts = Array.from({ length: 20_000 }, (_, index) => `host-${index}.test`);
    const addresses = [...madeUpAddresses(new Set(hosts)).values()];
    expect(new Set(addresses).size).toBe(20_000);
    expect(addresses.filter((one) => !/^198\.1[89]\.\d{1,3}\.\d{1,3}$/.test(one))).toEqual([]);
    expect(addresses).not.toContain('198.18.0.0');
  });
});
