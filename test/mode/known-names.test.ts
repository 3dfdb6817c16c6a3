import { describe, expect, test } from '@jest/globals';
import { findingOf, knownNames, reverseName } from '../../src/mode/known-names.ts';
import { plainFinding } from '../../src/support/dns-finding.ts';
import { lookup, recordingOf, request } from './lookups.ts';

const known = knownNames(
  recordingOf([
    request('host.test'),
    request('10.0.0.9'),
    request('gone.test', { type: 'dns', code: 'ENOTFOUND' }),
    lookup('a.test', 'A', ['10.0.0.1']),
    lookup('absent.test', 'A', []),
    lookup('late.test', 'A', []),
    lookup('late.test', 'A', ['10.0.0.2']),
    lookup('text.test', 'TXT', plainFinding('NOERROR')),
    lookup('broken.test', 'A', plainFinding('SERVFAIL')),
  ]),
);

describe('a recording knows', () => {
  test('names that exist: something was asked of them, or they had some record', () => {
    const names = ['host.test', '10.0.0.9', 'a.test', 'late.test', 'text.test'];
    expect([...known.existing]).toEqual(names);
  });

  test('names that do not, until they do', () => {
    expect([...known.missing.keys()]).toEqual(['gone.test', 'absent.test']);
  });

  test('an address for each host that had one, or that something was asked of', () => {
    expect([...known.madeUp.keys()].toSorted()).toEqual(['a.test', 'host.test', 'late.test']);
  });

  test('the name of each address', () => {
    expect(known.nameOf('10.0.0.1')).toBe('a.test');
    expect(known.nameOf(known.madeUp.get('host.test') ?? '')).toBe('host.test');
    expect(known.nameOf('10.0.0.9')).toBeUndefined();
    expect(reverseName(known, '1.0.0.10.in-addr.arpa')).toBe('a.test');
    expect(reverseName(known, '9.0.0.10.in-addr.arpa')).toBeUndefined();
    expect(reverseName(known, 'a.test')).toBeUndefined();
  });
});

test.each([
  ['ENOTFOUND', 'NXDOMAIN'],
  ['EAI_AGAIN', 'SERVFAIL'],
])('a connection that ended with %s says %s of its name', (code, said) => {
  expect(findingOf(request('a.test', { type: 'dns', code })).code).toBe(said);
});
