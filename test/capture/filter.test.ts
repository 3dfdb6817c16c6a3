import { expect, test } from '@jest/globals';
import { filterTable } from '../../src/capture/filter.ts';
import type { Rules } from '../../src/capture/rules.ts';
import { everything } from '../../src/capture/rules.ts';
import { usual } from './examples.ts';

const all = { counted: true, captured: true };

function output(rules: Rules, family: 'v4' | 'v6' = 'v4'): readonly string[] {
  return filterTable(rules, family, all).chains[0]?.rules ?? [];
}

test('sealed, our own is refused names first, then allowed loopback, then nothing', () => {
  const own = output({ ...usual, sealed: true }).filter((line) => line.includes('--uid-owner'));
  const targets = own.map((line) => / -j (\w+)/.exec(line)?.[1]);
  expect(targets).toEqual(['RETURN', 'REJECT', 'REJECT', 'REJECT', 'RETURN', 'REJECT']);
  expect(own[0]).toContain('--ctdir REPLY');
  expect(own[1]).toContain('-d 127.0.0.11/32');
});

test.each<['v4' | 'v6']>([['v4'], ['v6']])(
  'QUIC is refused over %s, UDP only where told',
  (family) => {
    const refused = (rules: Rules) =>
      output(rules, family).filter((line) => line.includes('REJECT'));
    expect(refused(usual)).toHaveLength(1);
    expect(refused(usual)[0]).toMatch(/--dport 443 .*port-unreachable$/);
    expect(refused({ ...usual, udp: 'reject' })).toHaveLength(2);
  },
);

test('what a resolver asks on is neither refused nor counted', () => {
  const lines = output({ ...usual, resolverAsksOn: true, udp: 'reject' });
  const own = lines.findIndex((line) =>
    /--dport 53 -m owner --uid-owner 0 .*-j RETURN$/.test(line),
  );
  expect(own).toBeGreaterThan(0);
  expect(own).toBeLessThan(lines.findIndex((line) => line.includes('REJECT')));
});

test('a gateway tells nobody a way past itself', () => {
  const [first] = output({ ...usual, gateway: true });
  expect(first).toMatch(/-p icmp .*--icmp-type 5 .*-j DROP/);
});

test('a gateway that passes nothing on still leaves alone what is to be', () => {
  const scope = { ...everything, excludedPorts: [5432], excludedCidrs: ['10.9.0.0/16'] };
  const rules = { ...usual, gateway: true, forwards: false, scope };
  const forward = filterTable(rules, 'v4', all).chains[1]?.rules ?? [];
  const targets = forward.map((line) => / (-[jg] \w+)(?: --reject-with (\S+))?$/.exec(line));
  expect(targets.map((found) => found?.slice(1).join(' ').trim())).toEqual([
    '-j RETURN',
    '-g MAGNETO_COUNT',
    '-g MAGNETO_COUNT',
    '-g MAGNETO_COUNT',
    '-j REJECT icmp-port-unreachable',
    '-j REJECT icmp-port-unreachable',
    '-j REJECT tcp-reset',
    '-j REJECT icmp-port-unreachable',
  ]);
});

test('what is refused is refused before it is counted', () => {
  const lines = output({ ...usual, udp: 'reject' });
  expect(lines.at(-1)).toMatch(/-j MAGNETO_COUNT$/);
});
