import { expect, test } from '@jest/globals';
import { grouped, isOurs, jump, ofFamily, rule } from '../../src/capture/rule-text.ts';

test('ports come in groups of fifteen, sorted, each once', () => {
  expect(grouped([443, 80, 443])).toEqual(['80,443']);
  expect(grouped([])).toEqual([]);
  const sixteen = Array.from({ length: 16 }, (_, index) => 16 - index);
  expect(grouped(sixteen)).toEqual(['1,2,3,4,5,6,7,8,9,10,11,12,13,14,15', '16']);
});

test('ranges are told by family', () => {
  const ranges = ['10.0.0.0/8', '::1', 'fd00::/8'];
  expect(ofFamily(ranges, 'v4')).toEqual(['10.0.0.0/8']);
  expect(ofFamily(ranges, 'v6')).toEqual(['::1', 'fd00::/8']);
});

test('a rule says what it is for, with a match and a target or without', () => {
  const words = '-m comment --comment "magneto: loopback"';
  expect(rule('X', '-i lo', { remark: 'loopback', target: '-j RETURN' })).toBe(
    `-A X -i lo ${words} -j RETURN`,
  );
  expect(rule('X', '', { remark: 'loopback' })).toBe(`-A X ${words}`);
  expect(jump({ from: 'FORWARD', into: 'X' })).toBe('FORWARD -m comment --comment magneto -j X');
});

test.each([
  ['MAGNETO_OUTPUT', true],
  ['MAGNETO_COUNT', true],
  ['MAGNETO_CHECK_FILTER', true],
  ['MAGNETO_OFFLINE', false],
  ['DOCKER_OUTPUT', false],
])('a chain named %s is ours: %s', (name, ours) => {
  expect(isOurs(name)).toBe(ours);
});
