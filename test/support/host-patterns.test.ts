import { describe, expect, test } from '@jest/globals';
import { createHostPatterns, isHostPattern } from '../../src/support/host-patterns.ts';

describe('a pattern', () => {
  test.each([
    // pattern            host and port       meant
    ['db.test', 'db.test 5432', true],
    ['DB.test.', 'db.test 5432', true],
    ['db.test', 'a.db.test 5432', false],
    ['db.test:5432', 'db.test 5432', true],
    ['db.test:5432', 'db.test 5433', false],
    ['db', 'db 1', true],
    ['*.example.org', 'a.example.org 1', true],
    ['*.example.org', 'a.b.example.org 1', true],
    ['*.example.org', 'example.org 1', false],
    ['*.example.org', 'badexample.org 1', false],
    ['*.example.org:443', 'a.example.org 80', false],
    ['*', 'anything.test 1', true],
    ['*:25', 'anything.test 25', true],
    ['*:25', 'anything.test 26', false],
    ['10.0.0.0/8', '10.1.2.3 1', true],
    ['10.0.0.0/8', '11.1.2.3 1', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3 1', true],
    ['10.0.0.0/8', '10.example.org 1', false],
    ['10.0.0.0/8:5432', '10.1.2.3 5432', true],
    ['10.0.0.0/8:5432', '10.1.2.3 80', false],
    ['10.0.0.5', '10.0.0.5 1', true],
    ['10.0.0.5:80', '10.0.0.5 81', false],
    ['fd00::1', 'fd00::1 1', true],
    ['fd00::1', 'fd00::2 1', false],
    ['[fd00::1]:80', 'fd00::1 80', true],
    ['[fd00::1]:80', 'fd00::1 81', false],
    ['fd00::/8', 'fd12::1 1', true],
    ['[fd00::/8]:80', 'fd12::1 81', false],
  ] as const)('%s means %s: %s', (pattern, target, meant) => {
    const [host = '', port = ''] = target.split(' ');
    expect(createHostPatterns([pattern]).has({ host, port: Number(port) })).toBe(meant);
  });

  test('means its host whatever its port', () => {
    const patterns = createHostPatterns(['db.test:5432', '*.example.org']);
    expect(patterns.hasHost('db.test')).toBe(true);
    expect(patterns.hasHost('a.example.org')).toBe(true);
    expect(patterns.hasHost('other.test')).toBe(false);
  });

  test.each([
    '',
    'a b',
    'http://db.test',
    'db.test/x',
    'db.test:0',
    'db.test:65536',
    'db.test:x',
    '10.0.0.256',
    '10.0.0.0/33',
    '10.0.0',
    '[fd00::1',
    'fd00::/129',
    '*db.test',
    'a.*.test',
    '*.',
    '-a.test',
    '300',
  ])('is not %j', (text) => {
    expect(isHostPattern(text)).toBe(false);
    expect(() => createHostPatterns([text])).toThrow(RangeError);
  });
});

test('of no pattern, nobody is meant', () => {
  const nobody = createHostPatterns([]);
  expect(nobody.has({ host: 'a', port: 1 })).toBe(false);
  expect(nobody.hasHost('a')).toBe(false);
});
