import { describe, expect, test } from '@jest/globals';
import type { Destination } from '../src/exchange/destination.ts';
import type { Failure } from '../src/exchange/failure.ts';
import { createJournal } from '../src/journal/journal.ts';
import type { Live } from '../src/mode/mode.ts';
import type { Passing, PassingOptions } from '../src/passing.ts';
import { createPassing } from '../src/passing.ts';
import { journalEntry } from './journal/entry.ts';

const nothing: PassingOptions = {
  live: undefined,
  opaquePorts: [],
  tlsPassthrough: [],
  tlsPassthroughAfter: 0,
  journal: createJournal(),
  report: () => {},
};

function passing(options: Partial<PassingOptions>): Passing {
  return createPassing({ ...nothing, ...options });
}

const hello = { alpn: [] };

function to(host: string, port = 443, address?: string): Destination {
  return { host, port, secure: true, ...(address !== undefined && { address }) };
}

test('nothing is passed on as it is unless one says so', () => {
  const { untouched, refused } = passing({});
  for (let count = 0; count < 100; count++) refused('a.test:443');
  expect(untouched(to('a.test'))).toBeUndefined();
  expect(untouched(to('a.test'), { alpn: ['h2'], serverName: 'a.test' })).toBeUndefined();
});

test('ports are opaque before anything is said, and not once it has been looked at', () => {
  const { untouched } = passing({ opaquePorts: [25, 3306] });
  expect(untouched(to('mail.test', 25))).toBe('opaque');
  expect(untouched(to('mail.test', 443))).toBeUndefined();
  expect(untouched(to('mail.test', 25), hello)).toBeUndefined();
});

test('a live neighbour is live, whatever else is said of it', () => {
  const live: Live = {
    untouched: ({ host }) => (host === 'db.test' ? 'live' : undefined),
    likely: () => undefined,
    beside: (session) => session,
  };
  const { untouched } = passing({ live, opaquePorts: [25], tlsPassthrough: ['*'] });
  expect(untouched(to('db.test', 25))).toBe('live');
  expect(untouched(to('db.test'), hello)).toBe('live');
  expect(untouched(to('a.test'), hello)).toBe('passthrough');
});

test('a connection of the self-test is looked at, whatever its port', () => {
  const live: Live = {
    untouched: () => 'live',
    likely: () => 'alone',
    beside: (session) => session,
  };
  const { untouched, likely } = passing({ live, opaquePorts: [6379] });
  expect(untouched(to('192.0.2.2', 6379, '192.0.2.2'))).toBeUndefined();
  expect(untouched(to('2001:db8::2', 6379, '2001:db8::2'))).toBeUndefined();
  expect(untouched(to('192.0.2.3', 6379, '192.0.2.3'))).toBe('live');
  expect(likely(to('192.0.2.2', 6379, '192.0.2.2'))).toBeUndefined();
  expect(likely(to('192.0.2.3', 6379, '192.0.2.3'))).toBe('alone');
});

describe('TLS is passed through', () => {
  test.each<[string, string, Destination, string | undefined, boolean]>([
    ['by its host', '*.pin.test', to('a.pin.test'), undefined, true],
    ['by its server name', 'pin.test', to('10.0.0.1'), 'pin.test', true],
    ['by its address', '10.0.0.0/8', to('a.test', 443, '10.1.2.3'), 'a.test', true],
    ['on the port of the pattern', 'pin.test:8443', to('pin.test', 8443), undefined, true],
    ['not on another', 'pin.test:8443', to('pin.test', 443), undefined, false],
    ['not for another host', 'pin.test', to('a.pin.test'), 'a.pin.test', false],
  ])('%s', (...[, pattern, destination, serverName, passes]) => {
    const { untouched } = passing({ tlsPassthrough: [pattern] });
    const said = serverName === undefined ? hello : { alpn: [], serverName };
    expect(untouched(destination)).toBeUndefined();
    expect(untouched(destination, said)).toBe(passes ? 'passthrough' : undefined);
  });

  test('by the name that was told for an address, where nothing else names it', () => {
    const journal = createJournal();
    const { untouched } = passing({ journal, tlsPassthrough: ['pin.test'] });
    const destination = to('10.9.8.7', 443, '10.9.8.7');
    expect(untouched(destination, hello)).toBeUndefined();
    journal.append(journalEntry({ kind: 'dns', host: 'Pin.test.', addresses: ['10.9.8.7'] }));
    expect(untouched(destination, hello)).toBe('passthrough');
    expect(untouched(to('a.test', 443, '10.9.8.7'), hello)).toBeUndefined();
  });

  test('after so many refusals of one host, which is said once and listed', () => {
    const journal = createJournal();
    const told: Failure[] = [];
    const report = (failure: Failure): number => told.push(failure);
    const { untouched, refused } = passing({ journal, tlsPassthroughAfter: 3, report });
    for (const host of ['a.test:443', 'b.test:443', 'a.test:443']) refused(host);
    expect(untouched(to('a.test'), hello)).toBeUndefined();
    refused('a.test:443');
    refused('a.test:443');
    expect(untouched(to('a.test'), hello)).toBe('passthrough');
    expect(untouched(to('a.test', 8443), hello)).toBeUndefined();
    expect(untouched(to('b.test'), hello)).toBeUndefined();
    expect(told).toMatchObject([{ code: 'PASSED_THROUGH_AFTER_REFUSALS' }]);
    expect(told[0]?.message).toMatch(/^a\.test:443 .* after 3 refusals$/);
    expect(journal.passedThrough()).toEqual([
      { destination: 'a.test:443', count: 0, because: 'refusals' },
    ]);
  });
});
