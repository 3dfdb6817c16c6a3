import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Rules } from '../../src/capture/rules.ts';
import {
  blockChain,
  blockRules,
  captureGid,
  jumpTo,
  printedRules,
  redirectChain,
  redirectRules,
} from '../../src/capture/rules.ts';

const golden = (name: string): string =>
  readFileSync(join('test/fixtures/rules', `${name}.rules`), 'utf8');

const usual: Rules = {
  uid: 1000,
  gid: captureGid,
  proxyPort: 8888,
  dnsPort: 8853,
  ports: [443, 80],
};
const many: Rules = { ...usual, ports: Array.from({ length: 17 }, (_, index) => 9000 + index) };

test.each([
  ['v4', redirectRules(usual, 'v4')],
  ['v6', redirectRules(usual, 'v6')],
  ['v6-refused', blockRules(usual)],
  ['v6-refused-without-names', blockRules({ ...usual, dnsPort: undefined })],
  ['v4-without-names', redirectRules({ ...usual, dnsPort: undefined }, 'v4')],
  ['v4-many-ports', redirectRules(many, 'v4')],
  ['printed', printedRules(usual)],
])('the rules of %s are the golden ones', (name, text) => {
  expect(text).toBe(golden(name));
});

test('the order of the ports, and naming one twice, make no difference', () => {
  const same = redirectRules({ ...usual, ports: [80, 443, 80] }, 'v4');
  expect(same).toBe(redirectRules(usual, 'v4'));
});

test('each rule is commented, and each jump', () => {
  const rules = [redirectRules(many, 'v6'), blockRules(many)].join('').split('\n');
  const silent = rules.filter((line) => line.startsWith('-A') && !line.includes('--comment "mag'));
  expect(silent).toEqual([]);
  for (const chain of [redirectChain, blockChain]) expect(jumpTo(chain)).toContain('magneto');
});
