import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { filterTable } from '../../src/capture/filter.ts';
import { redirectTable } from '../../src/capture/redirect.ts';
import { ownPorts } from '../../src/capture/rules.ts';
import type { Family } from '../../src/capture/rule-text.ts';
import { putText } from '../../src/capture/transaction.ts';
import { examples, usual } from './examples.ts';

const golden = (name: string): string =>
  readFileSync(join('test/fixtures/rules', `${name}.rules`), 'utf8');

const families: readonly Family[] = ['v4', 'v6'];
const names = Object.keys(examples);

/** All that a bare kernel is handed. */
function text(name: string, family: Family, how = { counted: true, captured: true }): string {
  const rules = examples[name] ?? usual;
  const filter = putText(filterTable(rules, family, how), new Map());
  return how.captured ? putText(redirectTable(rules, family), new Map()) + filter : filter;
}

test.each(names.flatMap((name) => families.map((family) => [name, family] as const)))(
  'the rules of %s over %s are the golden ones',
  (name, family) => {
    expect(text(name, family)).toBe(golden(`${name}.${family}`));
  },
);

test.each(['sidecar', 'sidecar-all', 'gateway'])(
  'where IPv6 cannot be captured, those of %s are the golden ones, counted or not',
  (name) => {
    expect(text(name, 'v6', { counted: true, captured: false })).toBe(golden(`${name}.v6-refused`));
    const least = text(name, 'v6', { counted: false, captured: false });
    expect(least).toBe(golden(`${name}.v6-refused-uncounted`));
    expect(least).not.toMatch(/conntrack|addrtype|MAGNETO_COUNT/);
  },
);

test.each(names)('each rule of %s is commented, and each jump', (name) => {
  const lines = families.flatMap((family) => text(name, family).split('\n'));
  const silent = lines.filter((line) => /^-[AI]/.test(line) && !/--comment "?magneto/.test(line));
  expect(silent).toEqual([]);
});

test('the order of the ports, and naming one twice, make no difference', () => {
  const same = redirectTable({ ...usual, ports: [80, 443, 80] }, 'v4');
  expect(same).toEqual(redirectTable(usual, 'v4'));
});

test('a port that is not known yet is no port of ours', () => {
  expect(ownPorts(usual)).toEqual([8888, 8889, 8853]);
  expect(ownPorts({ ...usual, controlPort: 0, dnsPort: undefined })).toEqual([8888]);
});
