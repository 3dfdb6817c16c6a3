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
      output(rules, family)
        .filter((line) => line.includes('REJECT'))
        .filter((line) => !line.includes('older than these rules'));
    expect(refused(usual)).toHaveLength(1);
    expect(refused(usual)[0]).toMatch(/--dport 443 .*port-unreachable$/);
    const strict = refused({ ...usual, udp: 'reject' });
    expect(strict).toHaveLength(3);
    // SCTP and the like carry messages as well; only what every machine speaks is let through before.
    expect(strict[2]).toMatch(/ ! -p tcp .*port-unreachable$/);
  },
);

test('what was to be captured and was not is refused, but where answers cannot be told from it', () => {
  const early = (ports: Rules['ports'], dnsPort?: number): readonly string[] =>
    output({ ...usual, ports, dnsPort }).filter((line) => line.includes('older than these rules'));
  expect(
    early([80, 443], 8853).map((line) => /-p (\w+).*?dports? (\S+)/.exec(line)?.slice(1)),
  ).toEqual([
    ['udp', '53'],
    ['tcp', '53'],
    ['tcp', '80,443'],
  ]);
  expect(early('all', 8853)).toHaveLength(3);
  expect(early('all')).toHaveLength(1);
  const uncounted = filterTable(usual, 'v4', { counted: false, captured: true });
  expect(uncounted.chains[0]?.rules.join('\n')).not.toContain('older than these rules');
});

test('without a resolver of ours, names over TCP are left alone where every port is captured', () => {
  const lines = output({ ...usual, ports: 'all', dnsPort: undefined });
  const left = lines.findIndex((line) => /--dport 53 .*-g MAGNETO_COUNT$/.test(line));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(lines.findIndex((line) => line.includes('older than these rules')));
});

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
