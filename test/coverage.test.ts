import { expect, test } from '@jest/globals';
import { type Coverage, rowsOf, shortfalls } from '../scripts/coverage.ts';

const file = (covered: number): Coverage => {
  const count = { total: 100, covered };
  return { lines: count, statements: count, functions: count, branches: count };
};

const judge = (summary: Record<string, Coverage>, rooms: readonly string[]): readonly string[] =>
  shortfalls(rowsOf(summary, rooms));

test('enough everywhere is no shortfall', () => {
  const summary = { total: file(0), 'src/a/a.ts': file(75), 'src/b/b.ts': file(85) };
  expect(judge(summary, ['a', 'b'])).toEqual([]);
});

test('one poor room falls short, however good the whole', () => {
  const summary = { 'src/a/a.ts': file(74), 'src/b/b.ts': file(100) };
  expect(judge(summary, ['a', 'b'])).toEqual(
    ['lines', 'statements', 'functions', 'branches'].map(
      (metric) => `src/a/ ${metric}: 74.0 %, and 75 % is the least`,
    ),
  );
});

test('the whole falls short, though each room has enough', () => {
  const summary = { 'src/a/a.ts': file(79), 'src/appliance.ts': file(79) };
  expect(judge(summary, ['a'])).toContain('src/ lines: 79.0 %, and 80 % is the least');
  expect(judge(summary, ['a'])).toHaveLength(4);
});

test('a room of nothing but types is covered', () => {
  expect(judge({ 'src/a/a.ts': file(90) }, ['a', 'types'])).toEqual([]);
});
