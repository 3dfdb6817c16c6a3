import { expect, test } from '@jest/globals';
import { everything } from '../../src/capture/rules.ts';
import { destinations, ownMatch, strangers } from '../../src/capture/scope.ts';

test('without a scope everybody and everything is in it', () => {
  expect(strangers(everything)).toEqual([]);
  expect(destinations(everything, 'v4')).toEqual(['']);
});

test('a stranger is who is excluded, or none of those that are included', () => {
  expect(strangers({ ...everything, uids: ['1', '5-9'], excludedUids: ['7'] })).toEqual([
    '-m owner --uid-owner 7',
    '-m owner ! --uid-owner 1 -m owner ! --uid-owner 5-9',
  ]);
});

test('destinations of one family alone leave none in the other', () => {
  const scope = { ...everything, cidrs: ['10.0.0.0/8'] };
  expect(destinations(scope, 'v4')).toEqual(['-d 10.0.0.0/8 ']);
  expect(destinations(scope, 'v6')).toEqual([]);
});

test('our own is matched by user and group in one rule', () => {
  expect(ownMatch({ uid: 3, gid: 4 })).toBe('-m owner --uid-owner 3 --gid-owner 4');
});
