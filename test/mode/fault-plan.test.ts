import { expect, test } from '@jest/globals';
import type { FaultRule } from '../../src/exchange/fault.ts';
import { planFaults } from '../../src/mode/fault-plan.ts';
import { ask, destination } from './harness.ts';

const reset = { effect: { type: 'reset' }, percent: 100 } as const;
const half: FaultRule = { hosts: '*', faults: [{ ...reset, percent: 50 }] };

const namesOf = (rules: readonly FaultRule[], path: string, seed = 's'): readonly string[] =>
  planFaults(rules, seed)
    .forExchange(ask({ path }).exchange)
    .effects.map(({ type }) => type);

test('a rule is for its hosts and paths, whatever the query', () => {
  const rule = (hosts: string, path?: string): FaultRule[] => [
    { hosts, ...(path !== undefined && { path }), faults: [reset] },
  ];
  expect(namesOf(rule('far.test', '/a/*/c'), '/a/b/b/c?d=/x')).toEqual(['reset']);
  expect(namesOf(rule('far.test', '/a/*/c'), '/a/c')).toEqual([]);
  expect(namesOf(rule('far.test', '/a.c'), '/abc')).toEqual([]);
  expect(namesOf(rule('far.test:81'), '/')).toEqual([]);
  expect(namesOf(rule('*.test'), '/')).toEqual(['reset']);
});

test('the n-th equal request has the same luck, whatever comes between', () => {
  const luck = (others: readonly string[]): readonly number[] => {
    const plan = planFaults([half], 'seed');
    return Array.from({ length: 200 }, () => {
      for (const path of others) plan.forExchange(ask({ path }).exchange);
      return plan.forExchange(ask({ path: '/it' }).exchange).effects.length;
    });
  };
  const alone = luck([]);
  expect(luck(['/a', '/b'])).toEqual(alone);
  const met = alone.filter((count) => count === 1).length;
  expect(met).toBeGreaterThan(70);
  expect(met).toBeLessThan(130);
});

test('attempts to connect are refused only where a rule refuses', () => {
  const refuse: FaultRule = { hosts: '*', faults: [{ effect: { type: 'refuse' }, percent: 100 }] };
  expect(planFaults([refuse], 's').refuses(destination)).toBe(true);
  expect(planFaults([half], 's').refuses(destination)).toBe(false);
});
