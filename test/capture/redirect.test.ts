import { expect, test } from '@jest/globals';
import { redirectTable } from '../../src/capture/redirect.ts';
import { everything } from '../../src/capture/rules.ts';
import { usual } from './examples.ts';

const lines = (rules: typeof usual): readonly string[] =>
  redirectTable(rules, 'v4').chains.flatMap((chain) => chain.rules);

test('names are captured before loopback is exempt, for Docker’s resolver is 127.0.0.11', () => {
  const all = lines(usual);
  const names = all.findIndex((line) => line.includes('--dport 53'));
  expect(names).toBeGreaterThan(0);
  expect(names).toBeLessThan(all.findIndex((line) => line.includes('127.0.0.0/8')));
});

test.each([
  ['v4', '127.0.0.0/8'],
  ['v6', '::1/128'],
] as const)('a resolver that asks on is not led back to us over %s', (family, loopback) => {
  const [chain] = redirectTable({ ...usual, resolverAsksOn: true }, family).chains;
  const names = (chain?.rules ?? []).filter((line) => line.includes('--dport 53'));
  expect(names.map((line) => / -j (\w+)/.exec(line)?.[1])).toEqual([
    'RETURN',
    'RETURN',
    'REDIRECT',
    'REDIRECT',
  ]);
  for (const line of names.slice(0, 2)) {
    expect(line).toContain(`! -d ${loopback} `);
    expect(line).toContain('-m owner --uid-owner 0 --gid-owner 0');
  }
});

test('where every port is captured, names that are not captured stay where they were going', () => {
  const asked = lines({ ...usual, ports: 'all' });
  const unasked = lines({ ...usual, ports: 'all', dnsPort: undefined });
  expect(asked.some((line) => /--dports 53 .*RETURN/.test(line))).toBe(false);
  expect(unasked.some((line) => /--dports 53 .*RETURN/.test(line))).toBe(true);
});

test('the clients of a gateway have no users', () => {
  const scope = { ...everything, uids: ['1000'], excludedUids: ['33'] };
  const [, routed] = redirectTable({ ...usual, gateway: true, scope }, 'v4').chains;
  expect(routed?.name).toBe('MAGNETO_PREROUTING');
  expect(routed?.rules.join('\n')).not.toContain('owner');
});
