import { expect, test } from '@jest/globals';
import { redirectTable } from '../../src/capture/redirect.ts';
import { readSaved } from '../../src/capture/saved.ts';
import { madeByUs, placeOf, putText, savedRules, takeText } from '../../src/capture/transaction.ts';
import { usual } from './examples.ts';

const older = readSaved(`*nat
:OUTPUT ACCEPT [0:0]
:MAGNETO_OUTPUT - [0:0]
:MAGNETO_BLOCK - [0:0]
-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
-A OUTPUT -m comment --comment magneto -j MAGNETO_OUTPUT
-A OUTPUT -p tcp -g MAGNETO_BLOCK
-A MAGNETO_OUTPUT -j MAGNETO_BLOCK
COMMIT
`);

test('a chain that is no longer wanted goes in the same step, and its jumps', () => {
  const lines = putText(redirectTable(usual, 'v4'), older).split('\n');
  expect(lines.filter((line) => /^-[DFXI] /.test(line))).toEqual([
    '-D OUTPUT -m comment --comment magneto -j MAGNETO_OUTPUT',
    '-D OUTPUT -p tcp -g MAGNETO_BLOCK',
    '-F MAGNETO_BLOCK',
    '-I OUTPUT 1 -m comment --comment magneto -j MAGNETO_OUTPUT',
    '-X MAGNETO_BLOCK',
  ]);
});

test('a table that somebody else made is not marked, one that we make is, for ever', () => {
  expect(putText(redirectTable(usual, 'v4'), older)).not.toContain('made this table');
  const first = putText(redirectTable(usual, 'v4'), new Map());
  const marks = (text: string): number => text.split('made this table').length - 1;
  expect(marks(first)).toBe(1);
  const again = readSaved(first);
  expect(madeByUs(again, 'nat')).toBe(true);
  expect(marks(putText(redirectTable(usual, 'v4'), again))).toBe(1);
  expect(marks(putText(savedRules('nat', again), again))).toBe(1);
});

test('what was saved can be put back', () => {
  expect(savedRules('nat', older)).toEqual({
    table: 'nat',
    chains: [
      { name: 'MAGNETO_OUTPUT', rules: ['-A MAGNETO_OUTPUT -j MAGNETO_BLOCK'] },
      { name: 'MAGNETO_BLOCK', rules: [] },
    ],
    hooks: [{ from: 'OUTPUT', into: 'MAGNETO_OUTPUT' }],
  });
});

test('all of ours is emptied before any of it goes', () => {
  expect(takeText('nat', older)).toBe(
    [
      '*nat',
      '-D OUTPUT -m comment --comment magneto -j MAGNETO_OUTPUT',
      '-D OUTPUT -p tcp -g MAGNETO_BLOCK',
      '-F MAGNETO_OUTPUT',
      '-F MAGNETO_BLOCK',
      '-X MAGNETO_OUTPUT',
      '-X MAGNETO_BLOCK',
      'COMMIT',
      '',
    ].join('\n'),
  );
  expect(takeText('filter', older)).toBeUndefined();
});

test('our jump comes first of all, but behind other chains of magneto', () => {
  const jumps = (...targets: readonly string[]) =>
    readSaved(
      `*nat\n${targets.map((target) => `-A OUTPUT -p tcp -j ${target}\n`).join('')}COMMIT\n`,
    );
  const place = (...targets: readonly string[]): number =>
    placeOf({ from: 'OUTPUT', into: 'MAGNETO_OUTPUT' }, 'nat', jumps(...targets));
  expect(place()).toBe(1);
  expect(place('DOCKER_OUTPUT', 'MAGNETO_OFFLINE')).toBe(1);
  expect(place('MAGNETO_OUTPUT', 'MAGNETO_OFFLINE', 'ACCEPT')).toBe(2);
  expect(place('MAGNETO_OFFLINE')).toBe(2);
});
