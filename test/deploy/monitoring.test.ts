import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Metrics } from '../../src/control/control.ts';
import { createMetrics } from '../../src/control/control.ts';
import { createJournal } from '../../src/journal/journal.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly description: string };
}
interface RuleFile {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number };
  readonly targets: readonly { readonly expr: string }[];
}

const read = (name: string): string => readFileSync(`deploy/monitoring/${name}`, 'utf8');
const rules = (parse(read('prometheus-rules.yaml')) as RuleFile).groups.flatMap(
  (each) => each.rules,
);
const { panels } = JSON.parse(read('grafana-dashboard.json')) as {
  readonly panels: readonly Panel[];
};

/** What Grafana puts in the place of its variables. */
const filled = (expr: string): string =>
  expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '30m')
    .replace('$instance', '.*');

const queries: readonly (readonly [string, string])[] = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => [title, filled(expr)] as const),
  ),
];

/** What a query asks for: metrics, and the labels of matchers and groupings. */
function askedFor(query: string): { readonly metrics: string[]; readonly labels: string[] } {
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(query).iterate({
    enter: ({ name, type, from, to }) => {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${query}`);
      if (name === 'Identifier') metrics.push(query.slice(from, to));
      if (name === 'LabelName') labels.push(query.slice(from, to));
    },
  });
  return { metrics, labels };
}

/** Labels that Prometheus itself adds, and that histograms and gauges bring. */
const givenLabels: readonly string[] = ['instance', 'le'];

let metrics: Metrics;
let exposed = '';
beforeAll(async () => {
  const journal = createJournal();
  metrics = createMetrics({ journal });
  metrics.onOwnError('DIAL_FAILED');
  metrics.onWrite(1, true);
  journal.message('client', 'text');
  const entry = {
    id: 'e1',
    at: '',
    kind: 'http',
    mode: 'replay',
    method: 'GET',
    host: 'a.test',
    port: 443,
    secure: true,
  } as const;
  const counted = {
    ...entry,
    status: 200,
    ms: 1,
    bytesIn: 1,
    bytesOut: 1,
    ending: 'finished',
  } as const;
  journal.append({ ...counted, outcome: 'replayed' });
  exposed = await metrics.text();
});
afterAll(() => metrics.close());

describe('what Prometheus and Grafana are told to ask for', () => {
  test('is something', () => {
    expect(rules.length).toBeGreaterThan(4);
    expect(queries.length).toBeGreaterThan(rules.length + panels.length - 1);
  });

  test.each(queries)('%s: magneto has it', (_, query) => {
    const { metrics: asked, labels } = askedFor(query);
    expect(asked.length).toBeGreaterThan(0);
    for (const name of asked) expect(exposed).toMatch(new RegExp(String.raw`^${name}[{ ]`, 'm'));
    for (const label of labels.filter((each) => !givenLabels.includes(each))) {
      expect(exposed).toMatch(new RegExp(`[{,]${label}="`));
    }
  });

  test('a query that is none is noticed', () => {
    expect(() => askedFor('sum by (')).toThrow('not PromQL');
  });
});

test.each(rules)('$alert says what is wrong and what to do', ({ annotations }) => {
  expect(annotations.summary).toContain('$labels.instance');
  expect(annotations.description.trim()).toMatch(/\.$/);
});

test('panels explain themselves, and none covers another', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const places = panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
  expect(new Set(places).size).toBe(panels.length);
  for (const { description, gridPos } of panels) {
    expect(description).toMatch(/\.$/);
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  }
});
